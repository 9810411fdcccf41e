import Glibc
import Telemetry
import Testing

@Suite struct LoggerTests {
    private let sink = MemoryLogSink()

    private func logger(_ format: LogFormat = .json, level: LogLevel = .trace) -> Logger {
        Logger(level: level, format: format, sink: sink, fields: ["service": "kitchen"], now: { 1_767_608_430_123 })
    }

    @Test func aJSONLineHoldsTimeLevelMessageAndFieldsInOrder() {
        logger().with(["saga_id": "s1"]).info("ticket created", ["attempt": 2, "late": true, "seconds": 0.5])
        #expect(
            sink.lines == [
                #"{"time":"2026-01-05T10:20:30.123Z","level":"info","msg":"ticket created","service":"kitchen","#
                    + #""saga_id":"s1","attempt":2,"late":true,"seconds":0.5}"# + "\n"
            ])
    }

    @Test func aLineBelowTheLevelIsNeitherWrittenNorBuilt() {
        var built = false
        logger(level: .warning).info(
            {
                built = true
                return "x"
            }())
        #expect(sink.lines.isEmpty)
        #expect(!built)
    }

    @Test func theIdsOfTheCurrentTraceAreAdded() throws {
        let context = try #require(
            TraceContext(traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"))
        TraceContext.$current.withValue(context) { logger().info("x") }
        #expect(sink.lines[0].contains(#""trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7""#))
    }

    @Test(arguments: [LogFormat.json, .text(isColored: false)])
    func newlinesAndTerminalCodesAreEscaped(format: LogFormat) {
        let attack = "a\nb\u{1B}[31mred\u{7F}\u{9B}31m\r\"\\\t"
        logger(format).info(attack, ["note\n": .string(attack)])
        let line = sink.lines[0]
        #expect(line.utf8.filter { $0 == 0x0A }.count == 1)
        #expect(line.hasSuffix("\n"))
        let forbidden = line.unicodeScalars.dropLast().filter { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
        #expect(forbidden.isEmpty)
    }

    @Test func secretsAreNeverWritten() {
        logger().warning(
            "cannot reach amqp://kitchen:hunter2@broker:5672/%2F or postgres://o:hunter2@db",
            [
                "db_password": "hunter2", "Authorization": "Bearer hunter2", "url": "postgres://a:hunter2@h/x?y=@",
                "kept": .string("\(Secret("hunter2")) \(String(reflecting: Secret("hunter2")))"),
            ])
        #expect(!sink.lines[0].contains("hunter2"))
        #expect(sink.lines[0].contains("amqp://kitchen:[redacted]@broker:5672/%2F or postgres://o:[redacted]@db"))
    }

    @Test func anEndlessValueIsCutAtACharacter() {
        logger().info("x", ["body": .string(String(repeating: "é", count: 100_000))])
        #expect(sink.lines[0].utf8.count < 5000)
        #expect(sink.lines[0].contains("é… (200000 bytes)"))
    }

    @Test func numbersThatJSONLacksAreText() {
        logger().info("x", ["a": .number(.nan), "b": .number(.infinity), "c": .integer(UInt64.max)])
        #expect(sink.lines[0].contains(#""a":"nan","b":"inf","c":9223372036854775807"#))
    }

    @Test func textForATerminalIsReadable() {
        logger(.text(isColored: false)).warning("broker blocked", ["reason": "low on memory", "queue": "kitchen"])
        #expect(
            sink.lines == [
                "10:20:30.123 WARNING broker blocked  service=kitchen  reason=\"low on memory\"  queue=kitchen\n"
            ])
    }

    @Test func anErrorTellsItsTypeAndDescription() {
        struct Unreachable: Error, CustomStringConvertible {
            var description: String { "no route" }
        }
        logger().error("x", .failure(Unreachable()))
        #expect(sink.lines[0].contains(#""error.type":"Unreachable","error":"no route""#))
    }

    @Test func eachLineIsOneWriteAndARefusedLineIsCounted() throws {
        var pair: [Int32] = [0, 0]
        try #require(socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0, &pair) == 0)
        let descriptorSink = DescriptorLogSink(descriptor: pair[0])
        descriptorSink.write(Array("first line\n".utf8))
        descriptorSink.write(Array("second\n".utf8))
        var buffer = [UInt8](repeating: 0, count: 100)
        // A packet socket keeps the borders of each write, so one read gives one line.
        #expect(read(pair[1], &buffer, buffer.count) == 11)
        #expect(read(pair[1], &buffer, buffer.count) == 7)
        close(pair[0])
        close(pair[1])
        descriptorSink.write(Array("nobody there\n".utf8))
        #expect(descriptorSink.droppedLineCount == 1)
    }
}

@Suite struct LogConfigurationTests {
    @Test(
        arguments: [
            ([:], false, LogFormat.json), ([:], true, .text(isColored: true)),
            (["NO_COLOR": "1"], true, .text(isColored: false)), (["TERM": "dumb"], true, .text(isColored: false)),
            (["LOG_FORMAT": "json"], true, .json), (["LOG_FORMAT": "text"], false, .text(isColored: false)),
        ] as [([String: String], Bool, LogFormat)])
    func theFormatFollowsTheEnvironment(environment: [String: String], isTerminal: Bool, format: LogFormat) throws {
        #expect(try LogConfiguration(environment: environment, isTerminal: isTerminal).format == format)
    }

    @Test func anUnknownLevelIsRefusedByName() throws {
        let error = #expect(throws: LogConfigurationError.self) {
            try LogConfiguration(environment: ["LOG_LEVEL": "loud"], isTerminal: false)
        }
        let text = try #require(error?.description)
        #expect(text == #"LOG_LEVEL is "loud", which is none of trace, debug, info, warning, error"#)
    }

    @Test func theLevelIsReadInAnyCase() throws {
        #expect(try LogConfiguration(environment: ["LOG_LEVEL": "Debug"], isTerminal: false).level == .debug)
    }
}
