import AMQP
import LocalServers
import Telemetry
import Testing

extension OwnBrokerTests {
    /// The broker goes away in the middle of everything and comes back.
    @Suite struct OutageTests {
        enum Ending: String, CaseIterable {
            case stopped
            case killed
        }

        private static let count = 10_000

        @Test(.timeLimit(.minutes(10)), arguments: Ending.allCases)
        func nothingConfirmedIsLostWhenTheBrokerIs(_ ending: Ending) async throws {
            try await OwnBroker.withVirtualHost { broker in
                let proxy = try FaultProxy(to: broker.server.port)
                let publishing = try await broker.connect(port: proxy.port)
                let consuming = try await broker.connect()
                let events = EventListener(consuming)
                let publishingEvents = EventListener(publishing)
                try await consuming.declare(QueueDeclaration("q"))
                try await Self.writeDownQueues(of: broker.server)
                let consumer = try await consuming.consume("q")
                let consumed = Consumed()
                async let collecting: Void = consumed.collect(from: consumer)
                try await events.consumerUp()

                var options = PublisherOptions()
                options.windowCountMax = Self.count
                options.windowByteCountMax = 64 * 1024 * 1024
                options.timeout = .seconds(240)
                let publisher = try await publishing.makePublisher(options)
                // Slow enough that the broker goes while most of the bytes are still under way.
                await proxy.set(.limited(bytesPerSecond: 1_500_000), on: .toServer)
                async let outcomes = publisher.publish(contentsOf: Self.messages)
                try await eventually { publishing.metrics.confirmed.value >= 500 }
                try await Self.end(broker.server, ending)
                _ = try await publishingEvents.disconnected()
                // One that is asked for while the broker is away waits for it.
                async let late = broker.connect { $0.openTimeout = .seconds(240) }
                async let afterwards = publisher.publish(contentsOf: Publication.series("after", count: 100, to: "q"))
                await proxy.set(.pass)
                try await broker.server.start()

                let told = await outcomes
                #expect(await afterwards.codes.allSatisfy { $0 == nil })
                #expect(try await late.metrics.connects.value == 1)
                // What was under way to the consumer comes again when the broker has missed it: possibly behind all the rest.
                let confirmed = Self.confirmed(told)
                try await eventually(within: .seconds(60)) { consumed.lacks(confirmed.union(Self.afterwards)).isEmpty }
                try Self.compare(told, consumed)
                #expect(publishing.metrics.connects.value == 2 && consuming.metrics.connects.value == 2)
                #expect(consuming.metrics.consumersUp.value == 1)
                await publishing.close()
                await consuming.close()
                await collecting
                await (try late).close()
                await proxy.close()
            }
        }

        private static var messages: [Publication] {
            let text = String(repeating: "x", count: 512)
            return (0..<count).map { Publication(.named("m-\($0)", text: text), routingKey: "q") }
        }

        /// Has the broker write down now which log belongs to which queue.
        ///
        /// It keeps that in a table that reaches the disk some seconds later. A queue whose broker is killed before begins anew, and
        /// what was confirmed is lost: seen with RabbitMQ 3.10.8, whatever the client.
        private static func writeDownQueues(of server: RabbitServer) async throws {
            try await server.evaluate("[ok = dets:sync(Table) || Table <- dets:all()]")
        }

        private static func end(_ server: RabbitServer, _ ending: Ending) async throws {
            switch ending {
            case .stopped: try await server.stop()
            case .killed: try await server.kill()
            }
        }

        private static func confirmed(_ outcomes: [PublishOutcome]) -> Set<String> {
            Set(outcomes.indices.filter { outcomes[$0].isConfirmed }.map { "m-\($0)" })
        }

        private static var afterwards: Set<String> { Set((0..<100).map { "after-\($0)" }) }

        private static func compare(_ outcomes: [PublishOutcome], _ consumed: Consumed) throws {
            let confirmed = confirmed(outcomes)
            let unknown = Set(outcomes.indices.filter { outcomes[$0].error?.code == .unknownOutcome }.map { "m-\($0)" })
            #expect(confirmed.count >= 500)
            #expect(unknown.count > 0)
            // Nothing is anything else: it was all on the wire.
            #expect(confirmed.count + unknown.count == count)
            #expect(consumed.lacks(confirmed.union(afterwards)) == [], "confirmed and lost")
            #expect(consumed.all.subtracting(afterwards).subtracting(confirmed).isSubset(of: unknown))
        }
    }

    /// The ids a consumer was given, through every outage, until its connection is closed.
    private final class Consumed: Sendable {
        private let ids = Lock(Set<String>())

        var all: Set<String> { ids.withLock { $0 } }

        func collect(from consumer: Consumer) async {
            for await delivery in consumer {
                delivery.ack()
                ids.withLock { _ = $0.insert(delivery.id) }
            }
        }

        func lacks(_ wanted: Set<String>) -> Set<String> { ids.withLock { wanted.subtracting($0) } }
    }
}
