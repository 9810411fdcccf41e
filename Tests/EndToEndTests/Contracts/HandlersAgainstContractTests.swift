import Messaging
import SagaFile
import SagaModel
import Testing

@testable import AccountingService
@testable import ConsumerService
@testable import KitchenService
@testable import OrderService
@testable import Participant

/// The services' handlers held against `sagas/participants`: every command is known and takes exactly what is declared.
@Suite struct HandlersAgainstContractTests {
    private static let handlers: [String: Handlers] = [
        "order": OrderCommands(rules: OrderRules()).handlers,
        "consumer": ConsumerCommands(rules: ConsumerRules()).handlers,
        "kitchen": KitchenCommands(pace: nil).handlers,
        "accounting": AccountingCommands(now: { 0 }).handlers,
    ]

    @Test(arguments: handlers.keys.sorted())
    func everyCommandIsHandledAndNoOther(service: String) throws {
        let contract = try Contract.participant(service)
        let handlers = try #require(Self.handlers[service])
        #expect(
            Set(handlers.commands.keys.map(\.text)) == Set(contract.commands.map { $0.type(of: contract.name) }))
    }

    @Test(arguments: handlers.keys.sorted())
    func everyCommandTakesWhatIsDeclaredAndMissesWhatIsNotThere(service: String) throws {
        let contract = try Contract.participant(service)
        let handlers = try #require(Self.handlers[service])
        for command in contract.commands {
            let type = try #require(MessageType(command.type(of: service)))
            let entry = try #require(handlers.commands[type], "\(type)")
            let whole = Contract.sample(of: command.payload)
            #expect(throws: Never.self, "\(type)") { try entry.prepare(CanonicalJSON.bytes(of: .record(whole))) }
            for field in command.payload {
                var partial = whole
                partial[field.name] = nil
                let bytes = CanonicalJSON.bytes(of: .record(partial))
                if field.type.isOptional {
                    #expect(throws: Never.self, "\(type) without \(field.name)") { try entry.prepare(bytes) }
                } else {
                    #expect(throws: JSONError.self, "\(type) without \(field.name)") { try entry.prepare(bytes) }
                }
            }
        }
    }

    @Test(arguments: handlers.keys.sorted())
    func undosAndFencesAreThoseDeclared(service: String) throws {
        let contract = try Contract.participant(service)
        let handlers = try #require(Self.handlers[service])
        let undone = Set(contract.commands.compactMap(\.undoes))
        for command in contract.commands {
            let type = try #require(MessageType(command.type(of: service)))
            let pairing = try #require(handlers.commands[type]?.pairing)
            switch pairing {
            case .none: #expect(command.undoes == nil && !undone.contains(command.name), "\(type)")
            case .forward: #expect(undone.contains(command.name), "\(type)")
            case .backward(let success):
                #expect(command.undoes != nil && success.name == command.successes[0].name, "\(type)")
            }
        }
    }
}

/// The declared participants, and values of their types.
enum Contract {
    static func participant(_ name: String) throws -> SagaModel.Participant {
        let library = try SagaLibrary(folder: Town.root + "/sagas")
        return try #require(library.participants.first { $0.name == name })
    }

    static func sample(of fields: [Field]) -> Record {
        Record(fields.map { Record.Member(name: $0.name, value: sample(of: $0.type)) })
    }

    private static func sample(of type: DataType) -> Value {
        switch type {
        case .id, .string: "text"
        case .integer, .money, .time: 7
        case .boolean: true
        case .choice(let words): .string(words[0])
        case .list(let element): .list([sample(of: element)])
        case .record(let record): .record(sample(of: record.fields))
        case .optional(let wrapped): sample(of: wrapped)
        }
    }
}
