import AMQP
import LocalServers
import Telemetry
import Testing

extension OwnBrokerTests {
    /// TLS on the same byte path: who is let in, who is refused, and what a broken link does.
    @Suite struct TLSTests {
        /// A configuration for the TLS port that gives up after two refusals.
        private func connect(
            _ broker: Broker, port: UInt16? = nil, _ change: (inout TLSConfiguration) -> Void = { _ in },
            more: (inout ConnectionConfiguration) -> Void = { _ in }
        ) async throws -> Connection {
            let files = try #require(broker.server.tls)
            var tls = TLSConfiguration(
                trustedCertificatesFile: files.authority, certificateFile: files.clientCertificate,
                privateKeyFile: files.clientKey)
            change(&tls)
            return try await broker.connect(port: port ?? files.port) {
                $0.tls = tls
                $0.recovery.forbiddenAttemptMax = 2
                $0.recovery.forbiddenDelay = .milliseconds(1)
                more(&$0)
            }
        }

        @Test(.timeLimit(.minutes(5)), arguments: ["127.0.0.1", "localhost"])
        func aVerifiedBrokerIsUsed(host: String) async throws {
            try await OwnBroker.withVirtualHost { broker in
                let connection = try await connect(
                    broker, more: { $0.hosts = [.init(host, port: $0.hosts[0].port)] })
                try await connection.declare(QueueDeclaration("q"))
                let publisher = try await connection.makePublisher()
                // Around the size of a TLS record and of our buffers.
                let sizes = [0, 1, 16_384, 131_072, 1_000_000]
                let messages = sizes.map { Message(MessageSizeTests.pattern($0)) }
                let outcomes = await publisher.publish(contentsOf: messages.map { Publication($0, routingKey: "q") })
                #expect(outcomes.codes.allSatisfy { $0 == nil })
                let consumer = try await connection.consume("q")
                let iterator = consumer.makeAsyncIterator()
                for message in messages {
                    let delivery = try #require(await iterator.next())
                    #expect(delivery.body == message.body)
                    delivery.ack()
                }
                #expect(await connection.close().counts == [0, 0, 0])
            }
        }

        @Test(.timeLimit(.minutes(5)))
        func whoCannotBeVerifiedIsRefused() async throws {
            try await OwnBroker.withVirtualHost { broker in
                let files = try #require(broker.server.tls)
                let stranger = try await expectFailure(.tlsFailed) {
                    try await connect(broker, { $0.trustedCertificatesFile = files.strangeAuthority })
                }
                #expect(stranger.message.contains("certificate") && !stranger.isRetriable)
                let system = try await expectFailure(.tlsFailed) {
                    try await connect(broker, { $0.trustedCertificatesFile = nil })
                }
                #expect(system.message.contains("certificate"))
                let name = try await expectFailure(.tlsFailed) {
                    try await connect(broker, { $0.serverName = "elsewhere.example" })
                }
                #expect(name.message.contains("hostname") || name.message.contains("Hostname"), "\(name)")
                let address = try await expectFailure(.tlsFailed) {
                    try await connect(broker, { $0.serverName = "127.0.0.2" })
                }
                #expect(address.message.contains("IP address"), "\(address)")
            }
        }

        @Test(.timeLimit(.minutes(5)))
        func aClientCertificateThatIsAskedForMustBeGiven() async throws {
            try await OwnBroker.withVirtualHost { broker in
                let files = try #require(broker.server.tls)
                let missing = try await expectFailure(.tlsFailed) {
                    try await connect(broker) {
                        $0.certificateFile = nil
                        $0.privateKeyFile = nil
                    }
                }
                #expect(missing.message.contains("certificate"), "\(missing)")
                let unreadable = try await expectFailure(.tlsFailed) {
                    try await connect(broker, { $0.certificateFile = "/no/such/file.pem" })
                }
                #expect(unreadable.message.contains("/no/such/file.pem"))
                let foreign = try await expectFailure(.tlsFailed) {
                    try await connect(broker, { $0.privateKeyFile = files.authority })
                }
                #expect(foreign.message.contains(files.authority))
            }
        }

        @Test(.timeLimit(.minutes(5)))
        func plainAndTLSPortsTakenForEachOtherSaySo() async throws {
            try await OwnBroker.withVirtualHost { broker in
                let files = try #require(broker.server.tls)
                try await expectFailure(.tlsFailed) { try await connect(broker, port: broker.server.port) }
                let plain = try await expectFailure(.tlsFailed) { try await broker.connect(port: files.port) }
                #expect(plain.message.contains("expects TLS"))
            }
        }

        @Test(.timeLimit(.minutes(5)))
        func aHandshakeCutByTheNetworkIsNotARefusal() async throws {
            try await OwnBroker.withVirtualHost { broker in
                let proxy = try FaultProxy(to: try #require(broker.server.tls).port)
                await proxy.set(.cut(.afterBytes(200), once: false), on: .toClient)
                async let connecting = connect(broker, port: proxy.port)
                try await proxy.wait { $0.cut >= 4 }
                await proxy.set(.sliced(into: 7))
                let connection = try await connecting
                #expect(connection.metrics.connectFailures.value >= 4)
                try await connection.declare(QueueDeclaration("q"))
                let publisher = try await connection.makePublisher()
                let text = String(repeating: "x", count: 5000)
                try await publisher.publish(.named("in small pieces", text: text), routingKey: "q")
                let consumer = try await connection.consume("q")
                let delivery = await consumer.nextBatch(countMax: 1).first
                #expect(delivery?.body == Array(text.utf8))
                delivery?.ack()
                await connection.close()
                await proxy.close()
            }
        }

        /// OpenSSL writes without MSG_NOSIGNAL, so a lost link could end the whole process with SIGPIPE.
        @Test(.timeLimit(.minutes(5)))
        func linksLostUnderLoadCostNoMoreThanTheLink() async throws {
            try await OwnBroker.withVirtualHost { broker in
                let proxy = try FaultProxy(to: try #require(broker.server.tls).port)
                let connection = try await connect(broker, port: proxy.port)
                try await connection.declare(QueueDeclaration("q"))
                let publisher = try await connection.makePublisher()
                let confirmed = Lock(Set<String>())
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for task in 0..<4 {
                        group.addTask {
                            for round in 0..<20 {
                                let series = Publication.series("\(task)-\(round)", count: 20, to: "q")
                                let outcomes = await publisher.publish(contentsOf: series)
                                for (publication, outcome) in zip(series, outcomes) where outcome.isConfirmed {
                                    confirmed.withLock { _ = $0.insert(publication.message.properties.messageID ?? "") }
                                }
                            }
                        }
                    }
                    group.addTask {
                        for cut in 1...6 {
                            try await eventually { connection.metrics.confirmed.value >= cut * 100 }
                            await proxy.cutAll(.reset)
                        }
                    }
                    try await group.waitForAll()
                }
                let there = Set(try await connection.takeMessageIDs(from: "q"))
                #expect(confirmed.withLock { $0 }.subtracting(there) == [])
                #expect(connection.metrics.connects.value > 1)
                await connection.close()
                await proxy.close()
            }
        }
    }
}
