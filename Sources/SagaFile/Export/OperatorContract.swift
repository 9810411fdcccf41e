package import SagaModel

/// What operators' orders look like on the wire: no participant file declares them, as they belong to no saga.
package enum OperatorContract {
    package struct Message: Sendable {
        /// The name without its owner.
        package let name: String
        package let fields: [Field]
    }

    /// What the orchestrator takes from the operators' tool. What came of an order stands in `skald.operator_action` under the
    /// message's id.
    package static let orders = [
        Message(
            name: "OrderSaga",
            fields: [
                Field("saga", .id), Field("action", .choice(OperatorOrder.Action.allCases.map(\.rawValue))),
                Field("step", .optional(.string)),
            ] + person),
        Message(
            name: "OrderPause",
            fields: [Field("participant", .string), Field("scope", .string), Field("isPaused", .boolean)] + person),
        Message(
            name: "RecordOperatorAction",
            fields: [Field("action", .id), Field("name", .string), Field("target", .string)] + person
                + [Field("result", .optional(.string))]),
    ]

    /// What a service takes from the orchestrator on its control queue.
    package static let controls = [
        Message(
            name: "SetPause",
            fields: [Field("action", .id), Field("scope", .string), Field("isPaused", .boolean)] + person)
    ]

    private static let person = [Field("who", .string), Field("reason", .string)]

    static let orchestrator = "orchestrator"
}
