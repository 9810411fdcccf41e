import AMQP
import LocalServers
import Testing

/// What cannot be put into a frame is refused with its name, before anything is sent.
@Suite struct ArgumentLimitTests {
    static let longest = String(repeating: "x", count: 255)
    static let tooLong = String(repeating: "x", count: 256)

    @Test func shortStringsOver255BytesAreRefusedByName() async throws {
        try await Broker.withVirtualHost { broker in
            let connection = try await broker.connect()
            let events = EventListener(connection)
            try await connection.declare(QueueDeclaration("q"))
            let publisher = try await connection.makePublisher()
            let changes: [(String, (inout Properties) -> Void)] = [
                ("contentType", { $0.contentType = Self.tooLong }),
                ("contentEncoding", { $0.contentEncoding = Self.tooLong }),
                ("correlationID", { $0.correlationID = Self.tooLong }),
                ("replyTo", { $0.replyTo = Self.tooLong }),
                ("expiration", { $0.expiration = Self.tooLong }),
                ("messageID", { $0.messageID = Self.tooLong }),
                ("type", { $0.type = Self.tooLong }),
                ("userID", { $0.userID = Self.tooLong }),
                ("appID", { $0.appID = Self.tooLong }),
                ("header", { $0.headers = [Self.tooLong: 1] }),
                ("header", { $0.headers = ["outer": .table([Self.tooLong: 1])] }),
                ("header", { $0.headers = ["outer": .array([.table([Self.tooLong: 1])])] }),
            ]
            for (name, change) in changes {
                var message = Message(text: "x")
                change(&message.properties)
                let error = try await expectFailure(.invalidArgument) {
                    try await publisher.publish(message, routingKey: "q")
                }
                #expect(error.message.contains(name), "\(error)")
            }
            try await expectFailure(.invalidArgument) {
                try await publisher.publish(Message(), routingKey: Self.tooLong)
            }
            try await expectFailure(.invalidArgument) {
                try await publisher.publish(Message(), to: Self.tooLong, routingKey: "q")
            }
            #expect(connection.metrics.notSent.value == changes.count + 2)
            _ = try await events.first { event in
                if case .publishRefused(Self.tooLong, "q", let error) = event {
                    error.code == .invalidArgument
                } else {
                    nil
                }
            }
            #expect(events.refusalCount == changes.count + 2)
            #expect(connection.metrics.channelsClosedByBroker.value == 0)
            try await publisher.publish(.named("good"), routingKey: "q")
            #expect(try await connection.takeMessageIDs(from: "q") == ["good"])
            await connection.close()
        }
    }

    @Test func textsOfExactly255BytesPass() async throws {
        try await Broker.withVirtualHost { broker in
            let connection = try await broker.connect()
            try await connection.declare(QueueDeclaration(Self.longest))
            try await connection.declare(ExchangeDeclaration(Self.longest, kind: .direct))
            try await connection.declare(
                BindingDeclaration(from: Self.longest, to: .queue(Self.longest), routingKey: Self.longest))
            let publisher = try await connection.makePublisher()
            let properties = Properties(
                contentType: Self.longest, headers: [String(repeating: "h", count: 255): .string(Self.tooLong)],
                correlationID: Self.longest, replyTo: Self.longest, messageID: Self.longest, type: Self.longest,
                appID: Self.longest)
            try await publisher.publish(
                Message(text: "x", properties: properties), to: Self.longest, routingKey: Self.longest)
            var options = ConsumerOptions()
            options.tag = Self.longest
            let consumer = try await connection.consume(Self.longest, options)
            let delivery = try #require(await consumer.nextBatch(countMax: 1).first)
            #expect(delivery.properties == properties)
            #expect(delivery.exchange == Self.longest && delivery.routingKey == Self.longest)
            delivery.ack()
            await connection.close()
        }
    }

    @Test func namesOver255BytesAreRefusedInEveryRequest() async throws {
        try await Broker.withVirtualHost { broker in
            let connection = try await broker.connect()
            let requests: [(String, () async throws -> Void)] = [
                ("declare queue", { try await connection.declare(QueueDeclaration(Self.tooLong)) }),
                ("declare exchange", { try await connection.declare(ExchangeDeclaration(Self.tooLong, kind: .topic)) }),
                (
                    "binding source",
                    { try await connection.declare(BindingDeclaration(from: Self.tooLong, to: .queue("q"))) }
                ),
                (
                    "binding destination",
                    { try await connection.declare(BindingDeclaration(from: "amq.topic", to: .queue(Self.tooLong))) }
                ),
                (
                    "binding key",
                    {
                        try await connection.declare(
                            BindingDeclaration(from: "amq.topic", to: .queue("q"), routingKey: Self.tooLong))
                    }
                ),
                (
                    "exchange type",
                    { try await connection.declare(ExchangeDeclaration("x", kind: .other(Self.tooLong))) }
                ),
                (
                    "argument name",
                    {
                        var queue = QueueDeclaration("q")
                        queue.otherArguments = [Self.tooLong: 1]
                        try await connection.declare(queue)
                    }
                ),
                ("status", { _ = try await connection.status(ofQueue: Self.tooLong) }),
                ("check", { try await connection.check(exchange: Self.tooLong) }),
                ("delete queue", { try await connection.delete(queue: Self.tooLong) }),
                ("delete exchange", { try await connection.delete(exchange: Self.tooLong) }),
                ("purge", { try await connection.purge(queue: Self.tooLong) }),
                ("unbind", { try await connection.unbind(queue: "q", from: "amq.topic", routingKey: Self.tooLong) }),
                ("consume", { _ = try await connection.consume(Self.tooLong) }),
                (
                    "consumer tag",
                    {
                        var options = ConsumerOptions()
                        options.tag = Self.tooLong
                        _ = try await connection.consume("q", options)
                    }
                ),
            ]
            for (name, request) in requests {
                let error = try await expectFailure(.invalidArgument, request)
                #expect(error.message.contains("255"), "\(name): \(error)")
            }
            #expect(connection.metrics.connects.value == 1)
            await connection.close()
        }
    }

    @Test func headersTooLargeForAFrameAreRefusedAndTheNextMessagePasses() async throws {
        try await Broker.withVirtualHost { broker in
            let connection = try await broker.connect { $0.frameByteCountMax = 4096 }
            try await connection.declare(QueueDeclaration("q"))
            let publisher = try await connection.makePublisher()
            var large = Message.named("large")
            large.properties.headers = ["text": .string(String(repeating: "x", count: 4096))]
            var many = Message.named("many")
            for number in 0..<500 { many.properties.headers["name-\(number)"] = .int64(Int64(number)) }
            var fits = Message.named("fits")
            fits.properties.headers = ["text": .string(String(repeating: "x", count: 3900))]
            let outcomes = await publisher.publish(contentsOf: [
                Publication(.named("first"), routingKey: "q"), Publication(large, routingKey: "q"),
                Publication(fits, routingKey: "q"), Publication(many, routingKey: "q"),
                Publication(.named("last"), routingKey: "q"),
            ])
            #expect(
                outcomes.codes == [nil, .invalidArgument, nil, .invalidArgument, nil], "\(outcomes)")
            #expect(outcomes[1].error?.message.contains("frame") == true)
            #expect(try await connection.takeMessageIDs(from: "q") == ["first", "fits", "last"])
            #expect(connection.metrics.connects.value == 1)
            var queue = QueueDeclaration("with large arguments", kind: .classic)
            queue.otherArguments = ["x-text": .string(String(repeating: "x", count: 5000))]
            try await expectFailure(.invalidArgument) { try await connection.declare(queue) }
            await connection.close()
        }
    }
}
