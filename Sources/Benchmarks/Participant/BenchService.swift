internal import Messaging
internal import Participant
internal import Postgres

/// The participant that is measured: two statements a command, a reply of a few bytes.
///
/// `skald-bench participant-worker` runs it in a process of its own, told by its environment like any service.
enum BenchService {
    static let name = "bench"
    /// The word on the command line that makes this program the participant.
    static let word = "participant-worker"

    struct Add: MessagePayload {
        static let messageType: MessageType = "bench.Add"
        var account: String
        var amount: Int64
        /// Fills the body up to the size the baselines send.
        var note: String
    }

    struct Added: MessagePayload {
        static let messageType: MessageType = "bench.Added"
        var balance: Int64
    }

    static let accountCount = 1000

    static let migrations = [
        Migration(
            1, "accounts",
            [
                "CREATE TABLE account (id text PRIMARY KEY, balance bigint NOT NULL) WITH (fillfactor = 50)",
                "INSERT INTO account SELECT 'a' || number, 0 FROM generate_series(0, 999) AS number",
            ])
    ]

    static var handlers: Handlers {
        var handlers = Handlers()
        handlers.on(Add.self, key: \.account) { command, transaction in
            let row = try await transaction.query(
                "UPDATE account SET balance = balance + \(command.amount) WHERE id = \(command.account) RETURNING balance"
            ).only()
            return .success(Added(balance: try row.decode(at: 0)))
        }
        return handlers
    }

    /// Serves until asked to stop.
    static func serve() async -> Int32 {
        await ServiceProgram(name, migrations: migrations, arguments: []).run { configuration in
            try Participant(configuration, handlers: handlers)
        }
    }
}
