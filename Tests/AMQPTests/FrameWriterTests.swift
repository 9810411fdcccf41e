import Testing

@testable import AMQP

@Suite struct FrameWriterTests {
    private static func written(_ writer: borrowing FrameWriter) -> [UInt8] {
        writer.output.withUnsentBytes { Array($0) }
    }

    /// The same message read back by the receiving half, with a delivery in place of the publish.
    private static func readBack(_ message: Message, frameByteCountMax: Int = 4096) throws -> Message? {
        var writer = FrameWriter(frameByteCountMax: frameByteCountMax)
        try writer.writePublish(Publication(message, to: "e", routingKey: "k"), messageID: "made", on: 1)
        let bytes = written(writer)
        let methodSize = bytes[3..<7].reduce(0) { $0 << 8 | Int($1) } + 8
        var receiver = Receiver()
        try receiver.receive(BrokerFrames.deliver(channel: 1, tag: 1, exchange: "e", routingKey: "k")[...])
        try receiver.receive(bytes[methodSize...])
        let contents = receiver.contents
        return contents.first.map { Message($0.body, properties: Properties(copying: $0.head)) }
    }

    @Test func everyPropertyAndFieldTypeComesBack() throws {
        var properties = Properties(
            contentType: "a", headers: [:], deliveryMode: .transient, correlationID: "b", replyTo: "c", messageID: "d",
            timestamp: .max, type: "e", userID: "f", appID: "g")
        properties.contentEncoding = "h"
        properties.expiration = "1"
        properties.priority = 9
        let values: [FieldValue] = [
            .bool(true), .bool(false), .int8(.min), .uint8(.max), .int16(.min), .uint16(.max), .int32(.min),
            .uint32(.max),
            .int64(.min), .uint64(.max), .float(1.5), .double(-0.1), .decimal(scale: 2, value: 314), .string("ä\u{0}z"),
            .string(""), .bytes([0, 255]), .timestamp(1), .table(["x": .array([.null, 1])]), .array([]), .null,
        ]
        for (index, value) in values.enumerated() { properties.headers["h\(index)"] = value }
        let message = Message([1, 2, 3], properties: properties)
        #expect(try Self.readBack(message) == message)
    }

    @Test(arguments: [0, 1, 4087, 4088, 4089, 8175, 8176, 8177]) func bodiesAroundTheFrameSizeComeBack(size: Int) throws
    {
        let message = Message(
            (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }, properties: Properties(messageID: "m"))
        #expect(try Self.readBack(message) == message)
    }

    @Test func aMessageWithoutAnIdIsGivenOne() throws {
        #expect(try Self.readBack(Message([1]))?.properties.messageID == "made")
        let own = Message([1], properties: Properties(messageID: "own"))
        #expect(try Self.readBack(own)?.properties.messageID == "own")
    }

    @Test func propertiesOverAFrameAreRefusedAndLeaveNothingBehind() throws {
        var writer = FrameWriter(frameByteCountMax: 4096)
        try writer.write(.confirmSelect, on: 1)
        let before = Self.written(writer)
        let message = Message(properties: Properties(headers: ["large": .string(String(repeating: "x", count: 5000))]))
        let error = #expect(throws: AMQPError.self) {
            var writer = FrameWriter(frameByteCountMax: 4096)
            try writer.writePublish(Publication(message, routingKey: "q"), messageID: "made", on: 1)
        }
        #expect(error?.code == .invalidArgument)
        do {
            try writer.writePublish(Publication(message, routingKey: "q"), messageID: "made", on: 1)
        } catch {
            #expect(Self.written(writer) == before)
        }
    }

    @Test func aLongStringIsRefusedBeforeTheEncoder() {
        let long = String(repeating: "x", count: 256)
        var properties = [Properties](repeating: Properties(), count: 10)
        properties[0].contentType = long
        properties[1].contentEncoding = long
        properties[2].correlationID = long
        properties[3].replyTo = long
        properties[4].expiration = long
        properties[5].messageID = long
        properties[6].type = long
        properties[7].userID = long
        properties[8].appID = long
        properties[9].headers[long] = 1
        var publications = properties.map { Publication(Message(properties: $0), routingKey: "") }
        publications.append(Publication(Message(), to: long, routingKey: ""))
        publications.append(Publication(Message(), routingKey: long))
        for publication in publications {
            let error = #expect(throws: AMQPError.self) { try publication.validate(bodyByteCountMax: 10) }
            #expect(error?.code == .invalidArgument)
            #expect(error?.message.contains("256 bytes long") == true)
        }
        let fits = Publication(Message(), to: String(long.dropFirst()), routingKey: "")
        #expect(throws: Never.self) { try fits.validate(bodyByteCountMax: 10) }
    }

    @Test func theBufferKeepsWhatIsNotSentWhileItGrows() {
        var buffer = OutputBuffer()
        var expected: [UInt8] = []
        var random = SeededGenerator(seed: 1)
        for _ in 0..<2000 {
            let piece = (0..<Int.random(in: 0...500, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            piece.withUnsafeBytes { buffer.append($0) }
            expected += piece
            let sent = Int.random(in: 0...min(expected.count, 490), using: &random)
            buffer.consume(sent)
            expected.removeFirst(sent)
            #expect(buffer.byteCount == expected.count)
        }
        let rest = buffer.withUnsentBytes { Array($0) }
        #expect(rest == expected)
    }
}
