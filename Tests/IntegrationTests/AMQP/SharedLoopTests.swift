import AMQP
import LocalServers
import Reactor
import Testing

/// Connections that share one thread with each other and with the tasks that use them.
@Suite(.timeLimit(.minutes(1))) struct SharedLoopTests {
    @Test func aMessageGoesFromOneConnectionToAnotherOnOneThread() async throws {
        try await Broker.withVirtualHost { broker in
            let loop = EventLoop(name: "shared")
            let consuming = try await broker.connect(executor: loop)
            let publishing = try await broker.connect(executor: loop)
            #expect(consuming.executor === loop && publishing.executor === loop)
            try await consuming.declare(QueueDeclaration("in"))
            try await consuming.declare(QueueDeclaration("out"))
            let feeder = try await broker.connect()
            let publisher = try await feeder.makePublisher()
            for number in 0..<500 { try await publisher.publish(Message(text: "\(number)"), routingKey: "in") }

            let relay = Task(executorPreference: loop) {
                let publisher = try await publishing.makePublisher()
                let consumer = try await consuming.consume("in")
                for number in 0..<500 {
                    let delivery = try #require(await consumer.nextBatch(countMax: 1).first)
                    #expect(String(decoding: delivery.body, as: UTF8.self) == "\(number)")
                    #expect(loop.isCurrentThread)
                    try await publisher.publish(delivery.message, routingKey: "out")
                    #expect(loop.isCurrentThread)
                    delivery.ack()
                }
            }
            try await relay.value
            let report = await consuming.close()
            #expect(report.unsettled == 0)
            // One of them is closed, and the other goes on.
            #expect(try await publishing.status(ofQueue: "out").messageCount == 500)
            #expect(try await publishing.status(ofQueue: "in").messageCount == 0)
            await publishing.close()
            await feeder.close()
            // Whoever made the loop has it still.
            let after = try await broker.connect(executor: loop)
            #expect(try await after.status(ofQueue: "out").messageCount == 500)
            await after.close()
            loop.release()
        }
    }

    /// A link and its loop know each other until the link ends, however it does.
    @Test(arguments: LinkEnd.allCases) fileprivate func nothingKeepsALoopOnceItsLinksHaveEnded(end: LinkEnd)
        async throws
    {
        try await Broker.withVirtualHost { broker in
            weak let kept = try await end.loop(broker)
            try await eventually { kept == nil }
        }
    }

    @Test func aLostLinkComesBackOnTheSharedLoopAndTheOthersDoNotNotice() async throws {
        try await Broker.withVirtualHost { broker in
            let loop = EventLoop(name: "shared")
            let steady = try await broker.connect(executor: loop)
            let proxy = try FaultProxy(to: broker.server.port)
            let shaken = try await broker.connect(port: proxy.port, executor: loop)
            try await steady.declare(QueueDeclaration("q"))
            let publisher = try await shaken.makePublisher()
            for number in 0..<5 {
                await proxy.cutAll()
                try await publishUntilConfirmed("\(number)", publisher)
            }
            #expect(try await steady.status(ofQueue: "q").messageCount >= 5)
            await shaken.close()
            await steady.close()
            await proxy.close()
            loop.release()
        }
    }

    private func publishUntilConfirmed(_ text: String, _ publisher: Publisher) async throws {
        var isConfirmed = false
        while !isConfirmed {
            do throws(AMQPError) {
                try await publisher.publish(Message(text: text), routingKey: "q")
                isConfirmed = true
            } catch {
                guard error.code == .unknownOutcome || error.code == .connectionClosed else { throw error }
            }
        }
    }
}

/// How a link comes to its end.
private enum LinkEnd: CaseIterable {
    case closed
    case dropped
    case cut
    case refused
    case unreachable

    /// A loop on which a link has ended so.
    func loop(_ broker: Broker) async throws -> EventLoop {
        let loop = EventLoop(name: "ended")
        switch self {
        case .closed: await (try await broker.connect(executor: loop)).close()
        case .dropped:
            let connection = try await broker.connect(executor: loop)
            try await connection.declare(QueueDeclaration("q"))
            let publisher = try await connection.makePublisher()
            try await publisher.publish(Message(text: "m"), routingKey: "q")
            let consumer = try await connection.consume("q")
            #expect(await consumer.nextBatch(countMax: 1).count == 1)
        case .cut:
            let proxy = try FaultProxy(to: broker.server.port)
            let connection = try await broker.connect(port: proxy.port, executor: loop)
            await proxy.cutAll()
            await connection.close()
            await proxy.close()
        case .refused:
            try await expectFailure(.authenticationFailed) {
                try await broker.connect(executor: loop) {
                    $0.credentials = { .password(user: "nobody", password: "wrong") }
                    $0.openTimeout = .seconds(5)
                }
            }
        case .unreachable:
            _ = try? await broker.connect(port: 1, executor: loop) { $0.openTimeout = .milliseconds(150) }
        }
        loop.release()
        return loop
    }
}
