import Testing

@testable import AMQP

/// One header read where it lies is what a copy of all of them has under its name.
@Suite struct ReceivedHeaderTests {
    /// A property list of headers only, as it stands on the wire.
    private func properties(_ entries: [(name: String, value: [UInt8])]) throws -> ReceivedHead {
        let table = entries.flatMap { BrokerFrames.shortString($0.name) + $0.value }
        let list: [UInt8] = [0x20, 0x00] + BrokerFrames.bytes(UInt32(table.count)) + table
        return try received(list)
    }

    private func received(_ list: [UInt8]) throws -> ReceivedHead {
        let header = BrokerFrames.bytes(UInt16(60)) + BrokerFrames.bytes(UInt16(0)) + BrokerFrames.bytes(UInt64(0))
        var receiver = Receiver()
        try receiver.receive(BrokerFrames.deliver(channel: 1, tag: 1, exchange: "", routingKey: "q")[...])
        try receiver.receive(BrokerFrames.frame(2, channel: 1, header + list)[...])
        return try #require(receiver.contents.first?.head)
    }

    private func longString(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8(ascii: "S")] + BrokerFrames.bytes(UInt32(bytes.count)) + bytes
    }

    @Test func eachHeaderIsFoundByItsWholeName() throws {
        let properties = try properties([
            ("skald-try", [UInt8(ascii: "l")] + BrokerFrames.bytes(Int64(3))),
            ("skald-tr", longString(Array("shorter".utf8))), ("", longString(Array("nameless".utf8))),
            ("x", [UInt8(ascii: "V")]), ("table", [UInt8(ascii: "F")] + BrokerFrames.bytes(UInt32(0))),
        ])
        #expect(properties.header("skald-try") == .int64(3))
        for entry in properties.headers { #expect(properties.header(entry.name) == entry.value) }
        #expect(properties.headers.count == 5)
        #expect(properties.header("skald-t") == nil)
        #expect(properties.header("skald-trY") == nil)
    }

    @Test func theLastOfSeveralCounts() throws {
        let properties = try properties([
            ("step", longString([1])), ("step", longString([2])), ("other", longString([3])),
        ])
        #expect(properties.header("step") == .string("\u{2}"))
    }

    @Test func whatIsNoUTF8IsRepairedAsInACopy() throws {
        let properties = try properties([("step", longString([0x61, 0xFF]))])
        #expect(properties.header("step") == .string("a\u{FFFD}"))
        #expect(properties.header("step") == properties.headers["step"])
    }

    /// So many tables or arrays in each other.
    private func nested(_ depth: Int, _ kind: UInt8) -> [UInt8] {
        let isTable = kind == UInt8(ascii: "F")
        // From the inside out, then turned round: each level begins with its length.
        var reversed: [UInt8] = []
        for _ in 0..<depth {
            reversed += BrokerFrames.bytes(UInt32(reversed.count)).reversed()
            reversed += [kind]
            if isTable { reversed += [UInt8(ascii: "x"), 1] }
        }
        return isTable ? Array(reversed.dropLast(2).reversed()) : reversed.reversed()
    }

    @Test(arguments: [UInt8(ascii: "F"), UInt8(ascii: "A")])
    func headersThatAreNestedWithoutEndAreLeftOut(kind: UInt8) throws {
        func read(depth: Int) throws -> ReceivedHead {
            let table = BrokerFrames.shortString("deep") + nested(depth, kind)
            let list =
                [0xA0, 0x01, 0x00, 0x00] + BrokerFrames.shortString("text/plain")
                + BrokerFrames.bytes(UInt32(table.count)) + table
            // Larger than what the frames of other tests may be: without their header, method number and end.
            let arguments = BrokerFrames.deliver(channel: 1, tag: 1, exchange: "", routingKey: "q").dropFirst(11)
                .dropLast()
            return try Array(arguments).withUnsafeBytes { arguments in
                try list.withUnsafeBytes { list in
                    try ContentArena().delivery(arguments).with(properties: list)
                }
            }
        }
        let allowed = try read(depth: TableNesting.depthMax - 1)
        #expect(allowed.header("deep") != nil && allowed.contentType == "text/plain")
        for depth in [TableNesting.depthMax, 15_000] {
            let deep = try read(depth: depth)
            #expect(deep.headers.isEmpty && deep.contentType == "text/plain")
        }
    }

    /// Before anybody has logged in.
    @Test func aBrokerThatDescribesItselfWithoutEndIsRefused() throws {
        func start(depth: Int) throws -> InboundMethod {
            let table = BrokerFrames.shortString("deep") + nested(depth, UInt8(ascii: "F"))
            let mechanisms = BrokerFrames.bytes(UInt32(5)) + Array("PLAIN".utf8)
            let payload =
                BrokerFrames.bytes(UInt16(10)) + BrokerFrames.bytes(UInt16(10)) + [0, 9]
                + BrokerFrames.bytes(UInt32(table.count)) + table + mechanisms + mechanisms
            var decoder = FrameDecoder()
            return try BrokerFrames.frame(1, channel: 0, payload).withUnsafeBytes { try decoder.method($0) }
        }
        guard case .connectionStart("PLAIN", let properties) = try start(depth: 10) else {
            return #expect(Bool(false), "no start")
        }
        #expect(properties["deep"] != nil)
        for depth in [TableNesting.depthMax, 15_000] {
            #expect(throws: AMQPError.self) { try start(depth: depth) }
        }
    }

    @Test func aMessageWithoutHeadersHasNone() throws {
        let properties = try received([0x80, 0x00] + BrokerFrames.shortString("text/plain"))
        #expect(properties.header("step") == nil)
        #expect(properties.headers.isEmpty)
    }
}
