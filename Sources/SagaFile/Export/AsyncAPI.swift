package import SagaModel

/// The contract of all participants as an AsyncAPI 3.0 document: what to read and write to take part, in any language.
package struct AsyncAPI {
    private let participants: [Participant]
    private let version: String

    /// - Parameter version: Of the document, such as the tool's own.
    package init(_ participants: [Participant], version: String) {
        self.participants = participants
        self.version = version
    }

    package var value: Value {
        .record([
            "asyncapi": "3.0.0",
            "info": .record([
                "title": "Skald participants", "version": .string(version),
                "description": "Commands, replies and events of the services, as their participant files declare them.",
            ]),
            "defaultContentType": "application/json", "channels": members(channels), "operations": members(operations),
            "components": .record(["messages": members(messages), "schemas": members(schemas)]),
        ])
    }

    private func members(_ members: [(name: String, value: Value)]) -> Value {
        .record(Record(members.map { Record.Member(name: $0.name, value: $0.value) }))
    }

    private static func reference(_ path: String) -> Value { .record(["$ref": .string("#/" + path)]) }

    // MARK: Channels

    private var channels: [(name: String, value: Value)] {
        let commands = participants.map { participant in
            channel(
                participant.name + ".commands", address: participant.queue, exchange: "skald.commands", kind: "direct",
                messages: participant.commands.map { $0.type(of: participant.name) })
        }
        let replies = channel(
            "replies", address: "orchestrator.replies", exchange: "skald.replies", kind: "direct",
            messages: participants.flatMap { owner in Self.replies(of: owner).map { "\(owner.name).\($0.name)" } })
        let events = channel(
            "events", address: nil, exchange: "skald.events", kind: "topic",
            messages: participants.flatMap { $0.events.map(\.type) })
        return commands + [replies, events]
            + operators.map { owner, queue, messages in
                channel(
                    queue, address: queue, exchange: "skald.commands", kind: "direct",
                    messages: messages.map { "\(owner).\($0.name)" })
            }
    }

    /// Who takes operators' orders, in which queue.
    private var operators: [(owner: String, queue: String, messages: [OperatorContract.Message])] {
        let orchestrator = OperatorContract.orchestrator
        return [(orchestrator, "\(orchestrator).commands", OperatorContract.orders)]
            + participants.map { ($0.name, "\($0.name).control", OperatorContract.controls) }
    }

    private func channel(
        _ name: String, address: String?, exchange: String, kind: String, messages: [String]
    ) -> (name: String, value: Value) {
        let address: Value = if let address { .string(address) } else { .null }
        let references = messages.map { (name: $0, value: Self.reference("components/messages/\($0)")) }
        let exchange: Value = .record([
            "name": .string(exchange), "type": .string(kind), "durable": .boolean(true),
        ])
        return (
            name,
            .record([
                "address": address, "messages": members(references),
                "bindings": .record([
                    "amqp": .record(["is": "routingKey", "exchange": exchange, "bindingVersion": "0.3.0"])
                ]),
            ])
        )
    }

    // MARK: Operations

    private var operations: [(name: String, value: Value)] {
        let ofParticipants: [(name: String, value: Value)] = participants.flatMap { participant in
            participant.commands.map { command in
                let type = command.type(of: participant.name)
                let channel = "channels/\(participant.name).commands"
                let replies = (command.successes + command.failures).map {
                    Self.reference("channels/replies/messages/\(participant.name).\($0.name)")
                }
                return (
                    name: type,
                    value: .record([
                        "action": "receive", "channel": Self.reference(channel),
                        "messages": .list([Self.reference("\(channel)/messages/\(type)")]),
                        "reply": .record(["channel": Self.reference("channels/replies"), "messages": .list(replies)]),
                    ])
                )
            } + published(by: participant)
        }
        let ofOperators = operators.flatMap { owner, queue, messages in
            messages.map { received("\(owner).\($0.name)", queue) }
        }
        return ofParticipants + ofOperators
    }

    /// A command in whose answer nobody is interested.
    private func received(_ type: String, _ queue: String) -> (name: String, value: Value) {
        let channel = "channels/\(queue)"
        return (
            type,
            .record([
                "action": "receive", "channel": Self.reference(channel),
                "messages": .list([Self.reference("\(channel)/messages/\(type)")]),
            ])
        )
    }

    private func published(by participant: Participant) -> [(name: String, value: Value)] {
        participant.events.map { event in
            (
                name: event.type,
                value: .record([
                    "action": "send", "channel": Self.reference("channels/events"),
                    "messages": .list([Self.reference("channels/events/messages/\(event.type)")]),
                ])
            )
        }
    }

    // MARK: Messages

    private static func replies(of participant: Participant) -> [ReplyContract] {
        var seen: Set<String> = []
        return participant.commands.flatMap { $0.successes + $0.failures }.filter { seen.insert($0.name).inserted }
    }

    private var messages: [(name: String, value: Value)] {
        participants.flatMap { messages(of: $0) }
            + operators.flatMap { owner, _, messages in
                messages.map { message("\(owner).\($0.name)", $0.fields, headers: "OrderHeaders") }
            }
    }

    private func messages(of owner: Participant) -> [(name: String, value: Value)] {
        owner.commands.map { message($0.type(of: owner.name), $0.payload, headers: "CommandHeaders") }
            + Self.replies(of: owner).map {
                message("\(owner.name).\($0.name)", $0.payload, headers: "ReplyHeaders")
            }
            + owner.events.map { message($0.type, $0.payload, headers: "EventHeaders") }
    }

    private func message(_ type: String, _ fields: [Field], headers: String) -> (name: String, value: Value) {
        (
            type,
            .record([
                "name": .string(type), "contentType": "application/json", "payload": PayloadSchema.value(of: fields),
                "headers": Self.reference("components/schemas/\(headers)"),
                "correlationId": .record([
                    "description": "The id of the saga, in the property `correlation-id`.",
                    "location": "$message.header#/correlation-id",
                ]),
            ])
        )
    }

    private var schemas: [(name: String, value: Value)] {
        let types = participants.flatMap(\.types).map { ($0.name, PayloadSchema.value(of: $0.fields)) }
        return types + AsyncAPIHeaders.schemas
    }
}
