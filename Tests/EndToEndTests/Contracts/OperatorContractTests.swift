import Messaging
import Orchestration
import Participant
import SagaFile
import SagaModel
import Testing

/// The messages of operators held against what is published of them.
@Suite struct OperatorContractTests {
    private static let action = UUIDv7("01900000-0000-7000-8000-000000000001")

    @Test func whatOperatorsSendIsWhatIsPublished() throws {
        let action = try #require(Self.action)
        try expect(
            OperatorContract.orders, "OrderSaga", "orchestrator",
            OrderSaga(saga: "s", action: "retry", step: "t", who: "w", reason: "r"))
        try expect(
            OperatorContract.orders, "OrderPause", "orchestrator",
            OrderPause(participant: "p", scope: "*", isPaused: true, who: "w", reason: "r"))
        try expect(
            OperatorContract.orders, "RecordOperatorAction", "orchestrator",
            RecordOperatorAction(action: action, name: "n", target: "t", who: "w", reason: "r", result: "x"))
        #expect(OperatorContract.orders.count == 3)
        try expect(
            OperatorContract.controls, "SetPause", "participant",
            SetPause(action: action, scope: "*", isPaused: true, who: "w", reason: "r"))
    }

    private func expect<Payload: MessagePayload>(
        _ messages: [OperatorContract.Message], _ name: String, _ owner: String, _ sample: Payload
    ) throws {
        let contract = try #require(messages.first { $0.name == name })
        #expect(Payload.messageType.text == "\(owner).\(name)")
        guard case .record(let whole) = try CanonicalJSON.value(of: try JSON.encode(sample)) else {
            Issue.record("\(name) is no record")
            return
        }
        #expect(Set(whole.members.map(\.name)) == Set(contract.fields.map(\.name)))
        for field in contract.fields {
            var partial = whole
            partial[field.name] = nil
            let bytes = CanonicalJSON.bytes(of: .record(partial))
            let isTaken = (try? JSON.decode(Payload.self, from: bytes)) != nil
            #expect(isTaken == field.type.isOptional, "\(name) without \(field.name)")
        }
    }
}
