import SagaModel

/// The part of the participants that a definition uses: its commands, their replies, its events and their types.
///
/// Only this part is hashed with the definition, so that a participant can learn a new command without a new version of
/// every saga that speaks to it.
struct ContractSlice {
    private let definition: Definition
    private let commandTypes: Set<String>
    private let eventTypes: Set<String>

    init(_ definition: Definition) {
        self.definition = definition
        var commands: Set<String> = []
        var events: Set<String> = [definition.start.event]
        if let undo = definition.start.undo { commands.insert(undo.type) }
        for step in definition.steps {
            switch step.action {
            case .send(let call): commands.insert(call.type)
            case .await(let awaited): events.formUnion(awaited.events)
            }
            if let undo = step.undo { commands.insert(undo.type) }
        }
        commandTypes = commands
        eventTypes = events
    }

    /// In the keys of a participant file.
    var participants: [Value] {
        let types = usedTypes()
        return definition.participants.compactMap { participant in
            let commands = commands(of: participant)
            let events = events(of: participant)
            let ownTypes = types.filter { $0.name.hasPrefix(participant.name + ".") }
            if commands.isEmpty, events.isEmpty, ownTypes.isEmpty { return nil }
            var record: Record = ["participant": .string(participant.name), "queue": .string(participant.queue)]
            record["commands"] = members(commands.map { ($0.name, command($0)) })
            record["replies"] = members(replies(of: commands).map { ($0.name, Spelling.fields($0.payload)) })
            record["events"] = members(events.map { ($0.type, Spelling.fields($0.payload)) })
            record["types"] = members(
                ownTypes.map { (String($0.name.dropFirst(participant.name.count + 1)), Spelling.fields($0.fields)) })
            return .record(record)
        }
    }

    private func members(_ members: [(String, Value)]) -> Value? {
        members.isEmpty ? nil : .record(Record(members.map { Record.Member(name: $0.0, value: $0.1) }))
    }

    private func commands(of participant: Participant) -> [CommandContract] {
        participant.commands.filter { commandTypes.contains($0.type(of: participant.name)) }
    }

    private func events(of participant: Participant) -> [EventContract] {
        participant.events.filter { eventTypes.contains($0.type) }
    }

    private func replies(of commands: [CommandContract]) -> [ReplyContract] {
        commands.flatMap { $0.successes + $0.failures }
    }

    private func command(_ contract: CommandContract) -> Value {
        func names(_ replies: [ReplyContract]) -> Value? {
            replies.isEmpty ? nil : .list(replies.map { .string($0.name) })
        }
        var record: Record = ["key": .string(contract.key), "payload": Spelling.fields(contract.payload)]
        record["ok"] = names(contract.successes)
        record["fail"] = names(contract.failures.filter { $0.certainty == .clear })
        record["unclear"] = names(contract.failures.filter { $0.certainty == .unclear })
        if let undoes = contract.undoes, let owner = owner(of: contract), commandTypes.contains("\(owner).\(undoes)") {
            record["undoes"] = .string(undoes)
        }
        return .record(record)
    }

    private func owner(of contract: CommandContract) -> String? {
        definition.participants.first { $0.commands.contains(contract) }?.name
    }

    // MARK: Types

    private func usedTypes() -> [RecordType] {
        var found: [String: RecordType] = [:]
        func visit(_ type: DataType) {
            switch type {
            case .id, .string, .integer, .boolean, .money, .time, .choice: break
            case .list(let inner), .optional(let inner): visit(inner)
            case .record(let record):
                if !record.name.isEmpty { found[record.name] = record }
                for field in record.fields { visit(field.type) }
            }
        }
        for field in definition.data { visit(field.type) }
        for participant in definition.participants {
            let commands = commands(of: participant)
            for field in commands.flatMap(\.payload) + replies(of: commands).flatMap(\.payload) { visit(field.type) }
            for field in events(of: participant).flatMap(\.payload) { visit(field.type) }
        }
        return found.values.sorted { $0.name < $1.name }
    }
}
