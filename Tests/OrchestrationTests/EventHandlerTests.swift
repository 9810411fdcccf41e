import Messaging
import SagaFile
import SagaModel
import Testing

@testable import Orchestration

@Suite struct EventHandlerTests {
    private let handler: EventHandler

    init() throws {
        let definitions = try DefinitionShelf(SampleSaga.library(["by-order": "orderId", "by-consumer": "consumerId"]))
        handler = EventHandler(
            sagas: SagaTransaction(shelf: definitions, commands: CommandMaker(user: "orchestrator"), now: { 1000 }))
    }

    @Test func anEventOfAnotherTypeNeedsNoKey() throws {
        #expect(throws: Never.self) { try prepare("order.approved", "{}") }
    }

    @Test func anEventThatStartsAllIsTaken() throws {
        #expect(throws: Never.self) { try prepare("order.created", #"{"consumerId":"ada","orderId":"o1"}"#) }
    }

    @Test(arguments: [
        (#"{"consumerId":"ada","order_id":"o1"}"#, "by-order", "orderId"),
        (#"{"orderId":"o1"}"#, "by-consumer", "consumerId"),
    ])
    func anEventThatOneOfThemCannotStartOnIsRefusedForAll(body: String, saga: String, field: String) throws {
        let error = try #require(throws: UnreadableMessage.self) { try prepare("order.created", body) }
        #expect(error.problem == "\(saga) starts on it by the field \(field), which it lacks")
    }

    private func prepare(_ type: MessageType, _ body: String) throws {
        let id = UUIDv7Source(now: { 1000 }).next()
        _ = try handler.prepare(Envelope(id: id, type: type, source: "/test"), Array(body.utf8))
    }
}
