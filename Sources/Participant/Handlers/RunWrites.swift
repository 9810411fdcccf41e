import Messaging
import Postgres
import Telemetry

/// What the handlers of one run have to write, kept until it is joined: at the end, or when one of them must see it.
final class RunWrites: Sendable {
    private struct Kind {
        let type: any JoinedWrite.Type
        var writes: [any JoinedWrite]
    }

    private struct State {
        /// In the order in which they came up.
        var kinds: [Kind] = []
        /// The last kind that each handler has written to, by its message.
        var lastKinds: [UUIDv7: Int] = [:]
    }

    private let state = Lock(State())

    /// Keeps a write.
    ///
    /// A handler's writes stay in their order: one that would come before another of the same handler, or beside it, has what
    /// is there written first.
    func add<Write: JoinedWrite>(_ write: Write, by message: UUIDv7, in transaction: Transaction) throws(PostgresError)
    {
        try state.withLock { state throws(PostgresError) in
            var index = state.kinds.firstIndex { $0.type == Write.self } ?? state.kinds.count
            if let last = state.lastKinds[message], last >= index {
                try Self.flush(&state, into: transaction)
                index = 0
            }
            if index == state.kinds.count { state.kinds.append(Kind(type: Write.self, writes: [])) }
            state.kinds[index].writes.append(write)
            state.lastKinds[message] = index
        }
    }

    /// Sends what is there with the next statement.
    func flush(into transaction: Transaction) throws(PostgresError) {
        try state.withLock { state throws(PostgresError) in
            if !state.kinds.isEmpty { try Self.flush(&state, into: transaction) }
        }
    }

    private static func flush(_ state: inout State, into transaction: Transaction) throws(PostgresError) {
        for kind in state.kinds { try transaction.enqueue(statement(kind.type, kind.writes)) }
        state = State()
    }

    private static func statement<Write: JoinedWrite>(_ type: Write.Type, _ writes: [any JoinedWrite]) -> SQL {
        type.statement(
            writes.map {
                guard let write = $0 as? Write else { preconditionFailure("\(type) was kept among others") }
                return write
            })
    }
}
