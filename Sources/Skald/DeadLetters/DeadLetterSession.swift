import AMQP
import Messaging
import Orchestration
import SagaFile

/// What the commands over dead queues share: the broker, the queues, the filter.
struct DeadLetterSession: Sendable {
    let broker: ConnectionConfiguration
    let queues: [String]
    let filter: DeadLetterFilter

    init(_ arguments: Arguments) throws {
        broker = try Self.broker(arguments)
        queues = try Self.queues(arguments)
        filter = try DeadLetterFilter(arguments)
    }

    private static func broker(_ arguments: Arguments) throws -> ConnectionConfiguration {
        guard let url = arguments.value("broker") else { return try Surroundings().broker() }
        do throws(AMQPError) {
            var configuration = try ConnectionConfiguration(url: url, name: "skald dlq")
            configuration.openTimeout = .seconds(15)
            return configuration
        } catch {
            throw Failure(.usage, error.message)
        }
    }

    /// The work queues meant; a dead queue's own name means the same.
    private static func queues(_ arguments: Arguments) throws -> [String] {
        if arguments.operands.isEmpty {
            return try DeclaredSystem(folder: arguments.value("sagas") ?? "sagas").services.flatMap(\.queues)
        }
        return arguments.operands.map { $0.hasSuffix(".dead") ? String($0.dropLast(5)) : $0 }
    }

    /// The user the connection logs in as, who must stand on what it publishes.
    var user: String {
        if case .password(let user, _) = try? broker.credentials() { user } else { TopologyNames.tool }
    }

    func connected<Value>(_ body: (Connection) async throws -> Value) async throws -> Value {
        let connection: Connection
        do throws(AMQPError) {
            connection = try await Connection.connect(broker)
        } catch {
            throw Failure(.unavailable, "cannot reach the broker: \(error)", remedy: "AMQP_URL or --broker names it.")
        }
        do {
            let value = try await body(connection)
            await connection.close(gracePeriod: .seconds(10))
            return value
        } catch {
            await connection.close(gracePeriod: .seconds(10))
            throw error
        }
    }

    /// Looks at every letter that matches and leaves it where it is.
    func each(countMax: Int = .max, _ body: (DeadLetter) throws -> Void) async throws {
        let now = UTC.now()
        try await connected { connection in
            var count = 0
            for queue in queues {
                let reader = try await DeadQueueReader(queue, on: connection)
                while count < countMax, let (letter, _) = try await reader.next() {
                    guard filter.matches(letter, now: now) else { continue }
                    count += 1
                    try body(letter)
                }
                await reader.close()
            }
        }
    }
}
