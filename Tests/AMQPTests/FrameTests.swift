import Testing

@testable import AMQP

/// Frames as a broker writes them.
enum BrokerFrames {
    static func frame(_ type: UInt8, channel: UInt16, _ payload: [UInt8]) -> [UInt8] {
        [type] + bytes(channel) + bytes(UInt32(payload.count)) + payload + [0xCE]
    }

    static func bytes<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        (0..<Number.bitWidth / 8).reversed().map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }

    static func shortString(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + Array(text.utf8) }

    static func deliver(channel: UInt16, tag: UInt64, exchange: String, routingKey: String) -> [UInt8] {
        let method: [UInt8] = bytes(UInt16(60)) + bytes(UInt16(60)) + shortString("consumer") + bytes(tag) + [0]
        return frame(1, channel: channel, method + shortString(exchange) + shortString(routingKey))
    }

    /// The method before a message that no queue took.
    static func returned(channel: UInt16, exchange: String, routingKey: String) -> [UInt8] {
        let method: [UInt8] = bytes(UInt16(60)) + bytes(UInt16(50)) + bytes(UInt16(312)) + shortString("NO_ROUTE")
        return frame(1, channel: channel, method + shortString(exchange) + shortString(routingKey))
    }

    /// A property list with a content type only.
    static func header(channel: UInt16, bodyByteCount: UInt64) -> [UInt8] {
        let properties: [UInt8] = [0x80, 0x00] + shortString("text/plain")
        return frame(2, channel: channel, bytes(UInt16(60)) + bytes(UInt16(0)) + bytes(bodyByteCount) + properties)
    }

    static func message(channel: UInt16, tag: UInt64, body: [UInt8], chunk: Int) -> [UInt8] {
        var result = deliver(channel: channel, tag: tag, exchange: "events", routingKey: "key.\(tag)")
        result += header(channel: channel, bodyByteCount: UInt64(body.count))
        for start in stride(from: 0, to: body.count, by: chunk) {
            result += frame(3, channel: channel, Array(body[start..<min(start + chunk, body.count)]))
        }
        return result
    }
}

/// The receiving half without a socket: bytes in, contents out.
struct Receiver: ~Copyable {
    var input = InputBuffer(frameByteCountMax: 4096)
    var decoder = FrameDecoder()
    let arena = ContentArena()
    var assemblers: [UInt16: ContentAssembler] = [:]
    var contents: [ContentAssembler.Content] = []
    let bodyByteCountMax: Int

    init(bodyByteCountMax: Int = 100_000) {
        self.bodyByteCountMax = bodyByteCountMax
    }

    mutating func receive(_ bytes: ArraySlice<UInt8>) throws(AMQPError) {
        var rest = bytes
        while !rest.isEmpty {
            input.fill { room in
                let count = min(room.count, rest.count)
                rest.prefix(count).withUnsafeBytes { room.copyMemory(from: $0) }
                rest = rest.dropFirst(count)
                return count
            }
            while let bytes = try input.nextFrame() {
                let (channel, frame) = try FrameDecoder.frame(bytes)
                try receive(frame, on: channel)
            }
        }
    }

    private mutating func receive(_ frame: InboundFrame, on channel: UInt16) throws(AMQPError) {
        var assembler = assemblers[channel] ?? ContentAssembler(bodyByteCountMax: bodyByteCountMax)
        var content: ContentAssembler.Content?
        switch frame {
        case .content(.delivery(let arguments)): try assembler.begin(arena.delivery(arguments))
        case .content(.returned(let arguments)): try assembler.begin(arena.returned(arguments))
        case .content(.header(let size, let list)):
            content = try assembler.header(bodyByteCount: size, properties: list)
        case .content(.body(let bytes)): content = try assembler.body(bytes)
        case .method(let bytes):
            _ = try decoder.method(bytes)
            try assembler.requireIdle()
        case .heartbeat: break
        }
        assemblers[channel] = assembler
        if let content { contents.append(content) }
    }
}

@Suite struct FrameTests {
    private static func stream() -> (bytes: [UInt8], bodies: [[UInt8]]) {
        let bodies: [[UInt8]] = [
            [], [1], [UInt8](repeating: 7, count: 100), (0..<1000).map { UInt8(truncatingIfNeeded: $0) },
            [UInt8](repeating: 0xCE, count: 64),
        ]
        var bytes: [UInt8] = []
        for (index, body) in bodies.enumerated() {
            bytes += BrokerFrames.message(
                channel: UInt16(1 + index % 2), tag: UInt64(index + 1), body: body, chunk: 300)
            bytes += BrokerFrames.frame(8, channel: 0, [])
        }
        return (bytes, bodies)
    }

    @Test func everySplitInTwoGivesTheSameMessages() throws {
        let (bytes, bodies) = Self.stream()
        for split in 0...bytes.count {
            var receiver = Receiver()
            try receiver.receive(bytes[..<split])
            try receiver.receive(bytes[split...])
            #expect(receiver.contents.map(\.body) == bodies, "split at \(split)")
        }
    }

    @Test func oneByteAtATimeGivesTheSameMessages() throws {
        let (bytes, bodies) = Self.stream()
        var receiver = Receiver()
        for index in bytes.indices { try receiver.receive(bytes[index...index]) }
        let contents = receiver.contents
        #expect(contents.map(\.body) == bodies)
        let head = contents[3].head
        #expect(head.deliveryTag == 4)
        #expect(!head.isRedelivered)
        #expect(head.exchange == "events")
        #expect(head.routingKey == "key.4")
        #expect(head.contentType == "text/plain")
    }

    @Test func whatComesBackSaysWhy() throws {
        var receiver = Receiver()
        try receiver.receive(BrokerFrames.returned(channel: 1, exchange: "events", routingKey: "key")[...])
        try receiver.receive(BrokerFrames.header(channel: 1, bodyByteCount: 0)[...])
        let head = try #require(receiver.contents.first?.head)
        #expect(
            head.returnHead == ReturnHead(code: 312, text: "NO_ROUTE", exchange: "events", routingKey: "key"))
        #expect(head.deliveryTag == nil)
        #expect(head.contentType == "text/plain")
    }

    @Test func contentsOfTwoChannelsMayInterleave() throws {
        let one = BrokerFrames.message(channel: 1, tag: 1, body: [1, 1], chunk: 1)
        let two = BrokerFrames.message(channel: 2, tag: 1, body: [2, 2, 2], chunk: 1)
        // Cut both streams into frames and shuffle them together, each in its own order.
        for seed in 0..<100 {
            var random = SeededGenerator(seed: UInt64(seed))
            var queues = [Self.frames(one)[...], Self.frames(two)[...]]
            var receiver = Receiver()
            while queues.contains(where: { !$0.isEmpty }) {
                let index = Int.random(in: 0...1, using: &random)
                if let frame = queues[index].popFirst() { try receiver.receive(frame[...]) }
            }
            let bodies = receiver.contents.map(\.body).sorted { $0.count < $1.count }
            #expect(bodies == [[1, 1], [2, 2, 2]], "seed \(seed)")
        }
    }

    private static func frames(_ bytes: [UInt8]) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let start = rest.startIndex
            let payload = rest[(start + 3)..<(start + 7)].reduce(0) { $0 << 8 | Int($1) }
            result.append(Array(rest.prefix(payload + 8)))
            rest = rest.dropFirst(payload + 8)
        }
        return result
    }

    @Test func aBodyOverTheLimitIsSkippedWithoutMemory() throws {
        var receiver = Receiver(bodyByteCountMax: 10)
        try receiver.receive(
            BrokerFrames.message(channel: 1, tag: 1, body: [UInt8](repeating: 1, count: 50), chunk: 7)[...])
        try receiver.receive(BrokerFrames.message(channel: 1, tag: 2, body: [2], chunk: 7)[...])
        let contents = receiver.contents
        #expect(contents.map(\.isOversized) == [true, false])
        #expect(contents[0].body.isEmpty)
        #expect(contents[0].announcedByteCount == 50)
    }

    @Test func anAnnouncedSizeOfExabytesTakesNoMemory() throws {
        var receiver = Receiver()
        try receiver.receive(BrokerFrames.deliver(channel: 1, tag: 1, exchange: "", routingKey: "q")[...])
        try receiver.receive(BrokerFrames.header(channel: 1, bodyByteCount: .max)[...])
        let contents = receiver.contents
        #expect(contents.isEmpty)
    }

    @Test(
        arguments: [
            ("over the limit", [3, 0, 1, 0, 0, 0x20, 0]), ("without end", [8, 0, 0, 0, 0, 0, 0, 0x00]),
            ("short method", [1, 0, 1, 0, 0, 0, 3, 0, 60, 0, 0xCE]),
            ("short header", [2, 0, 1, 0, 0, 0, 2, 0, 60, 0xCE]),
            ("other protocol", Array("AMQP\u{0}\u{1}\u{0}\u{0}".utf8)),
            ("unknown type", [9, 0, 1, 0, 0, 0, 0, 0xCE]),
        ] as [(String, [UInt8])])
    func malformedFramesAreNamed(_ name: String, _ bytes: [UInt8]) {
        let error = #expect(throws: AMQPError.self) {
            var receiver = Receiver()
            try receiver.receive(bytes[...])
        }
        #expect(error?.code == .protocolViolation, "\(name)")
    }

    @Test func aPortThatSpeaksTLSIsNamed() {
        let error = #expect(throws: AMQPError.self) {
            var receiver = Receiver()
            try receiver.receive([21, 3, 1, 0, 2, 2, 70])
        }
        #expect(error?.code == .tlsFailed)
    }

    @Test func framesOutOfOrderAreNamed() {
        let body = BrokerFrames.frame(3, channel: 1, [1])
        let header = BrokerFrames.header(channel: 1, bodyByteCount: 1)
        let deliver = BrokerFrames.deliver(channel: 1, tag: 1, exchange: "", routingKey: "q")
        for sequence in [
            body, header, deliver + body, deliver + deliver, deliver + header + header, deliver + header + deliver,
        ] {
            let error = #expect(throws: AMQPError.self) {
                var receiver = Receiver()
                try receiver.receive(sequence[...])
            }
            #expect(error?.code == .protocolViolation)
        }
    }

    /// Random damage to a valid stream: refused or read, never a crash. The address sanitizer run gives it its teeth.
    @Test(arguments: 0..<20) func damagedBytesNeverCrash(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let (valid, _) = Self.stream()
        for _ in 0..<300 {
            var bytes = valid
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[index] = UInt8.random(in: .min ... .max, using: &random)
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(UInt8.random(in: .min ... .max, using: &random), at: index)
                default: bytes.replaceSubrange(index..., with: bytes[index...].shuffled(using: &random))
                }
            }
            var receiver = Receiver(bodyByteCountMax: 2000)
            // Whether it is refused depends on the damage; the memory it takes is bounded either way.
            try? receiver.receive(bytes[...])
            let bodies = receiver.contents.map(\.body.count)
            #expect(bodies.allSatisfy { $0 <= 2000 })
        }
    }

    /// Random tables inside a method frame reach the C decoder of field tables.
    @Test(arguments: 0..<20) func randomTablesNeverCrash(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed) &+ 1000)
        for _ in 0..<300 {
            let noise = (0..<Int.random(in: 0...200, using: &random)).map { _ in
                UInt8.random(in: .min ... .max, using: &random)
            }
            let start: [UInt8] = BrokerFrames.bytes(UInt16(10)) + BrokerFrames.bytes(UInt16(10)) + [0, 9]
            let table = BrokerFrames.bytes(UInt32(noise.count)) + noise
            var receiver = Receiver()
            try? receiver.receive(BrokerFrames.frame(1, channel: 0, start + table)[...])
            let header: [UInt8] =
                BrokerFrames.bytes(UInt16(60)) + BrokerFrames.bytes(UInt16(0)) + BrokerFrames.bytes(UInt64(1))
            var other = Receiver()
            try? other.receive(BrokerFrames.deliver(channel: 1, tag: 1, exchange: "", routingKey: "q")[...])
            try? other.receive(BrokerFrames.frame(2, channel: 1, header + [0x20, 0x00] + table)[...])
            #expect(other.contents.isEmpty)
        }
    }
}
