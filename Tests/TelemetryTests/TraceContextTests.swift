import Telemetry
import Testing

@Suite struct TraceContextTests {
    private static let example = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @Test func theExampleOfTheSpecificationIsReadAndWrittenBack() throws {
        let context = try #require(TraceContext(traceparent: Self.example))
        #expect(context.traceID.description == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(context.spanID.description == "00f067aa0ba902b7")
        #expect(context.isSampled)
        #expect(context.traceparent == Self.example)
    }

    @Test(arguments: [
        "", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-01",
    ]) func aBrokenHeaderIsNoContext(header: String) {
        #expect(TraceContext(traceparent: header) == nil)
    }

    @Test func aLaterVersionIsReadByTheFieldsOfTheFirst() throws {
        let later = "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03-what-comes-later"
        let context = try #require(TraceContext(traceparent: later))
        #expect(context.traceparent == Self.example)
    }

    @Test func aChildKeepsTheTraceAndHasASpanOfItsOwn() throws {
        var random = SeededGenerator(seed: 1)
        let parent = try #require(TraceContext(traceparent: Self.example))
        let child = parent.child(using: &random)
        #expect(child.traceID == parent.traceID)
        #expect(child.spanID != parent.spanID)
        #expect(child.isSampled)
    }

    @Test func aBrokenHeaderStartsATraceInsteadOfFailing() {
        var random = SeededGenerator(seed: 2)
        let first = TraceContext.continuing(traceparent: "nonsense", using: &random)
        let second = TraceContext.continuing(traceparent: nil, using: &random)
        #expect(first.traceID != second.traceID)
        let third = TraceContext.continuing(traceparent: Self.example, using: &random)
        #expect(third.traceID.description == "4bf92f3577b34da6a3ce929d0e0e4736")
    }
}
