import Messaging
import Testing

@testable import Participant

/// The outside of a message as it is written to the tables is what is read from them.
@Suite struct StoredEnvelopeTests {
    @Test func whatIsWrittenIsWhatACoderWouldWrite() throws {
        let id = try #require(UUIDv7("0190a5f8-1111-7222-8333-444455556666"))
        let full = Envelope(
            id: id, type: "bank.Deposited", source: "/bank", correlationID: "a \"quoted\" \\ saga\n\u{1}é",
            causationID: id,
            replyTo: "orchestrator", timestamp: 1_720_778_950, appID: "bank", userID: "bank", traceparent: "00-1-2-03",
            step: StepReference(step: "pay", direction: .backward, number: 3))
        let bare = Envelope(id: id, type: "bank.moved", source: "")
        var writer = FlatJSONWriter()
        var ends: [Int] = []
        for envelope in [full, bare] {
            writer.write(envelope)
            ends.append(writer.byteCount)
        }
        let written = writer.bytes()
        for (envelope, range) in [(full, 0..<ends[0]), (bare, ends[0]..<ends[1])] {
            let read = try JSON.decode(StoredEnvelope.self, from: Array(written[range]))
            #expect(read.envelope(id: id) == envelope)
            // The fields and their order are those that other programs find in rows of before.
            #expect(Array(written[range]) == (try JSON.encode(read)))
        }
    }
}
