import AMQP
import LocalServers
import Telemetry
import Testing

/// Several hosts, hosts that are away, and brokers that are not there yet.
@Suite struct HostTests {
    @Test func aDeadHostIsPassedOver() async throws {
        try await Broker.withVirtualHost { broker in
            let dead = try FaultProxy(to: broker.server.port)
            await dead.setRefusing(true)
            // The order is drawn for each connection, so some begin with the dead one.
            for _ in 0..<6 {
                let connection = try await broker.connect {
                    $0.hosts = [.init(dead.host, port: dead.port), .init("127.0.0.1", port: broker.server.port)]
                }
                #expect(connection.metrics.connects.value == 1)
                await connection.close()
            }
            await dead.close()
        }
    }

    @Test func theOtherHostTakesOverWhenOneIsLost() async throws {
        try await Broker.withVirtualHost { broker in
            let one = try FaultProxy(to: broker.server.port)
            let two = try FaultProxy(to: broker.server.port)
            await two.setRefusing(true)
            let connection = try await broker.connect {
                $0.hosts = [.init(one.host, port: one.port), .init(two.host, port: two.port)]
            }
            let events = EventListener(connection)
            try await connection.declare(QueueDeclaration("q"))
            let publisher = try await connection.makePublisher()
            await two.setRefusing(false)
            await one.setRefusing(true)
            await one.cutAll(.reset)
            let port = try await events.first {
                if case .connected(let host, 2) = $0 { host.port } else { nil }
            }
            #expect(port == two.port)
            try await publisher.publish(Message(), routingKey: "q")
            await connection.close()
            await one.close()
            await two.close()
        }
    }

    @Test func theFirstConnectWaitsForABrokerThatIsNotThereYet() async throws {
        try await Broker.withVirtualHost { broker in
            let proxy = try FaultProxy(to: broker.server.port)
            await proxy.setRefusing(true)
            // The credentials are asked for before each attempt, which counts them.
            let attempts = Lock(0)
            let credentials = broker.configuration().credentials
            async let connecting = broker.connect(port: proxy.port) {
                $0.openTimeout = .seconds(60)
                $0.credentials = {
                    attempts.withLock { $0 += 1 }
                    return try credentials()
                }
            }
            try await eventually { attempts.withLock { $0 } >= 4 }
            await proxy.setRefusing(false)
            let connection = try await connecting
            #expect(connection.metrics.connectFailures.value >= 3)
            #expect(connection.metrics.connects.value == 1)
            await connection.close()
            await proxy.close()
        }
    }

    @Test func aBrokerThatNeverComesIsToldAsUnreachable() async throws {
        try await Broker.withVirtualHost { broker in
            let proxy = try FaultProxy(to: broker.server.port)
            await proxy.setRefusing(true)
            let error = try await expectFailure(.unreachable) {
                try await broker.connect(port: proxy.port) { $0.openTimeout = .seconds(1) }
            }
            #expect(error.isRetriable)
            #expect(error.message.contains("\(proxy.port)"))
            await proxy.close()
        }
    }

    @Test func aHostThatAcceptsAndSaysNothingEndsWithTheConnectTimeout() async throws {
        try await Broker.withVirtualHost { broker in
            let silent = try FaultProxy(to: broker.server.port)
            await silent.set(.swallow)
            let error = try await expectFailure(.timedOut) {
                try await broker.connect(port: silent.port) {
                    $0.connectTimeout = .milliseconds(100)
                    $0.openTimeout = .seconds(2)
                }
            }
            #expect(error.message.contains("login"))
            #expect(silent.counts.accepted > 1)
            await silent.close()
        }
    }

    @Test func aLinkCutDuringTheLoginIsNotTakenForARefusal() async throws {
        try await Broker.withVirtualHost { broker in
            let proxy = try FaultProxy(to: broker.server.port)
            // Behind the mechanism comes the password; the broker never gets to look at it.
            await proxy.set(.cut(.afterPattern(Array("PLAIN".utf8)), once: false), on: .toServer)
            async let connecting = broker.connect(port: proxy.port) {
                $0.recovery.forbiddenAttemptMax = 2
                $0.recovery.forbiddenDelay = .milliseconds(1)
            }
            try await proxy.wait { $0.cut >= 4 }
            await proxy.set(.pass)
            let connection = try await connecting
            #expect(connection.metrics.connectFailures.value >= 4)
            await connection.close()
            await proxy.close()
        }
    }

    @Test func aTaskThatConnectsCanBeCancelled() async throws {
        try await Broker.withVirtualHost { broker in
            let proxy = try FaultProxy(to: broker.server.port)
            await proxy.set(.swallow)
            let connecting = Task { try await broker.connect(port: proxy.port) }
            try await proxy.wait { $0.accepted == 1 }
            connecting.cancel()
            try await expectFailure(.cancelled) { try await connecting.value }
            await proxy.set(.pass)
            try await proxy.wait { $0.open == 0 }
            await proxy.close()
        }
    }
}
