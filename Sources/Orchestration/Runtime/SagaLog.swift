import SagaModel
import Telemetry

/// Tells of what matters in the life of a saga: its start, its end, and that it waits for a person.
///
/// It speaks when a decision is made. If the transaction is rolled back the decision is made again and told again; the history
/// is what counts.
struct SagaLog: Sendable {
    private let log: Logger

    init(_ log: Logger) { self.log = log }

    static let silent = SagaLog(.silent)

    func tell(_ actions: [Action], of fold: SagaFold) {
        if fold.version == 1 { log.info("saga started", fields(fold)) }
        for action in actions {
            switch action {
            case .finish(let outcome):
                log.info("saga finished", fields(fold).merging(["outcome": .string(outcome)]))
            case .stick(let turn, let reason):
                log.error(
                    "saga is stuck",
                    fields(fold).merging(["step": .string("\(turn)"), "reason": .string("\(reason)")]))
            case .alarm(let reason):
                log.warning("saga raises an alarm", fields(fold).merging(["reason": .string(reason.rawValue)]))
            case .ignore(let reason):
                log.debug("input ignored", fields(fold).merging(["reason": .string("\(reason)")]))
            case .send(let command):
                log.debug(
                    "command",
                    fields(fold).merging([
                        LogFieldName.messageID: .string(command.request.description),
                        "type": .string("\(command.participant).\(command.name)"),
                    ]))
            case .setTimer, .cancelTimer: break
            }
        }
    }

    private func fields(_ fold: SagaFold) -> LogFields {
        var fields: LogFields = [
            LogFieldName.sagaID: .string(fold.instance.id.description), "saga": .string(fold.definition.name),
            "key": .string(CanonicalJSON.text(of: fold.instance.key)),
        ]
        if let trace = fold.traceparent.flatMap(TraceContext.init(traceparent:)) {
            fields[LogFieldName.traceID] = .string(trace.traceID.description)
        }
        return fields
    }
}
