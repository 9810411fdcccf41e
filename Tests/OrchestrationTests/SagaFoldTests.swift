import Messaging
import Participant
import SagaFile
import SagaModel
import Testing

@testable import Orchestration

@Suite struct SagaFoldTests {
    @Test func severalInputsBecomeOneRowAndAnEntryEach() throws {
        let fold = try SampleSaga.started()
        let command = try #require(firstCommand(in: fold.entries[0].actions))
        fold.take(reply(to: command, "ConsumerVerified"), cause: nil)
        #expect(fold.version == 2 && fold.storedVersion == nil)
        #expect(fold.entries.map(\.number) == [1, 2])
        #expect(fold.entries.map(\.input.milliseconds) == [1000, 2000])
        #expect(fold.instance.phase == .running)
    }

    @Test func theTimersOfASagaAreThoseOfItsStepsAndItsOwn() throws {
        let fold = try SampleSaga.started()
        #expect(fold.timers.map(\.turn) == [Turn(step: "verify-consumer", direction: .do, attempt: 1), .deadline])
        #expect(fold.timers.map(\.due) == [11_000, 901_000])
        let command = try #require(firstCommand(in: fold.entries[0].actions))
        fold.take(reply(to: command, "ConsumerVerified"), cause: nil)
        #expect(fold.timers.map(\.turn) == [Turn(step: "create-ticket", direction: .do, attempt: 1), .deadline])
        #expect(fold.timers.map(\.due) == [12_000, 901_000])
    }

    @Test func aTimerThatFiresIsGoneUnlessItIsSetAgain() throws {
        let fold = try SampleSaga.started()
        let verify = Turn(step: "verify-consumer", direction: .do, attempt: 1)
        // Silence: the same request again, under the same timer.
        fold.take(Input(.timerFired(verify), milliseconds: 11_000), cause: nil)
        #expect(fold.timers.first?.turn == verify && fold.timers.first?.due == 31_000)
        fold.take(Input(.timerFired(.deadline), milliseconds: 12_000), cause: nil)
        #expect(!fold.timers.contains { $0.turn == .deadline })
    }

    @Test func aRowsWakeStaysWhileItIsEarlyEnough() throws {
        let new = try SampleSaga.started()
        #expect(new.wake(at: 1000) == 11_000)
        // The first timer was called off, the next one fires later: a look in vain does no harm.
        let fold = try again(new, wakeAt: 11_000)
        let command = try #require(firstCommand(in: new.entries[0].actions))
        fold.take(reply(to: command, "ConsumerVerified"), cause: nil)
        #expect(fold.wake(at: 2000) == 11_000)
        // Looked at, it is set to what really comes next.
        #expect(fold.wake(at: 11_000) == 12_000)
        #expect(try again(fold, wakeAt: 12_001).wake(at: 2000) == 12_000)
        #expect(try again(fold, wakeAt: nil).wake(at: 2000) == 12_000)
    }

    private func again(_ fold: SagaFold, wakeAt: Int64?) throws -> SagaFold {
        SagaFold(
            fold.definition, fold.instance, version: fold.version, traceparent: nil, startedAt: fold.startedAt,
            wakeAt: wakeAt)
    }

    @Test func whatIsStoredIsReadBack() throws {
        let fold = try SampleSaga.started()
        let stored = InstanceStore.Stored(
            id: fold.instance.id, definition: fold.definition.hash, version: fold.version, traceparent: "t",
            state: fold.instance.storedText(by: fold.definition.compiled), startedAt: 1000,
            wakeAt: 11_000)
        #expect(stored.state == CanonicalJSON.text(of: try CanonicalJSON.value(of: stored.state)))
        let again = try stored.fold(by: fold.definition)
        #expect(again.instance == fold.instance && again.version == 1 && again.storedVersion == 1)
        #expect(again.entries.isEmpty && again.traceparent == "t" && again.timers.map(\.due) == fold.timers.map(\.due))
    }

    @Test func aStateOfAnotherSagaOrOfNoneIsRefused() throws {
        let fold = try SampleSaga.started()
        let other = try SampleSaga.started(key: "o2")
        #expect(try faultyPlace(other.instance, inTheRowOf: fold) == "id")
        #expect(try faultyPlace(Instance(id: fold.instance.id), inTheRowOf: fold) == "phase")
        #expect(try faultyPlace(fold.instance, inTheRowOf: fold) == nil)
    }

    private func faultyPlace(_ instance: Instance, inTheRowOf fold: SagaFold) throws -> String? {
        let stored = InstanceStore.Stored(
            id: fold.instance.id, definition: fold.definition.hash, version: 1, traceparent: nil,
            state: instance.storedText(by: fold.definition.compiled), startedAt: 1000, wakeAt: nil)
        do {
            _ = try stored.fold(by: fold.definition)
            return nil
        } catch let error as FormatError {
            return error.place
        }
    }

    @Test func aCommandSaysWhoAsksForWhichStep() throws {
        let fold = try SampleSaga.started()
        let messages = CommandMaker(user: "orchestrator").messages(
            fold.entries[0].actions, of: fold, at: 1000, cause: nil)
        let message = try #require(messages.first)
        #expect(messages.count == 1)
        #expect(message.exchange == "skald.commands" && message.routingKey == "consumer")
        #expect(message.envelope.type.text == "consumer.VerifyConsumer")
        #expect(message.envelope.correlationID == fold.instance.id.description)
        #expect(message.envelope.replyTo == "orchestrator" && message.envelope.traceparent == "t")
        #expect(message.envelope.step == StepReference(step: "verify-consumer", direction: .forward, number: 1))
        let body = #"{"consumerId":"ada","lines":[{"menuItemId":"pizza","quantity":1}],"orderId":"o1"}"#
        #expect(String(decoding: message.body, as: UTF8.self) == body)
    }

    @Test func peopleFindASagaByWhatItsDefinitionSays() throws {
        #expect(try SampleSaga.started().searchText == #"{"consumerId":"ada","orderId":"o1","restaurantId":"roma"}"#)
    }

    private func firstCommand(in actions: [Action]) -> Command? {
        for case .send(let command) in actions { return command }
        return nil
    }

    private func reply(to command: Command, _ name: String) -> Input {
        let reply = SagaModel.Reply(
            causation: command.request, sender: command.participant, name: name, turn: command.turn)
        return Input(.replied(reply), milliseconds: 2000)
    }
}
