import Messaging
import Participant
package import Postgres
package import SagaModel
import Telemetry

/// What a person orders of one saga: checked by the model first, then done by the code that the orchestrator runs.
///
/// It works on the orchestrator's database directly, with a role that may write there. The commands it causes stand in the
/// outbox under a process that is dead already, so the next sweep of a running orchestrator sends them.
package struct OperatorDesk: Sendable {
    private let database: PostgresPool
    private let sagas: SagaTransaction

    package init(
        _ database: PostgresPool, now: @escaping @Sendable () -> Int64 = { Logger.wallClockMilliseconds() }
    ) {
        self.database = database
        sagas = SagaTransaction(
            shelf: DefinitionShelf(), commands: CommandMaker(user: TopologyNames.orchestrator), now: now)
    }

    /// The orders that may be given to the saga now, with their consequences; nil if there is no such saga.
    package func choices(for id: Identifier) async throws -> [OperatorChoice]? {
        guard let (definition, instance) = try await SagaStore(database).instance(id) else { return nil }
        return SagaMachine.operatorChoices(definition.compiled, instance, milliseconds: sagas.now())
    }

    /// Does what the order says.
    ///
    /// - Returns: what the machine did about it.
    /// - Throws: ``OrderRefused`` if the saga does not allow it now; nothing is written then.
    @discardableResult
    package func give(_ order: OperatorOrder, to id: Identifier) async throws -> [Action] {
        guard !order.reason.isEmpty, !order.who.isEmpty else {
            throw OrderRefused(why: "a reason and a name are needed")
        }
        return try await database.withTransaction { transaction in
            let result = try await sagas.take([SagaInput(.existing(id), .ordered(order))], in: transaction)
            if let failure = result.failures[0] { throw OrderRefused(why: "\(failure)") }
            let actions = result.decided.flatMap(\.actions)
            for case .ignore(let reason) in actions { throw OrderRefused(why: Self.words(reason)) }
            try await transaction.enqueueOutbox(result.messages[0] ?? [])
            return actions
        }
    }

    /// Holds the commands to a participant and stops their clocks, in all sagas, within a second or two.
    package func pause(_ participant: String, reason: String, who: String) async throws {
        try await SagaPauseStore.pause(participant, reason: reason, who: who, in: database)
    }

    /// Sends what was held and lets the clocks run on.
    ///
    /// - Returns: whether the participant was paused.
    @discardableResult
    package func resume(_ participant: String) async throws -> Bool {
        try await SagaPauseStore.resume(participant, in: database)
    }

    private static func words(_ reason: IgnoreReason) -> String {
        switch reason {
        case .notAllowed(let refusal): refusal.rawValue
        case .alreadyFinished: "the saga is over"
        default: "the saga cannot take it: \(reason)"
        }
    }
}

/// An order that the saga does not allow as it stands.
package struct OrderRefused: Error, CustomStringConvertible {
    package let why: String

    package var description: String { "the order is refused: \(why)" }
}
