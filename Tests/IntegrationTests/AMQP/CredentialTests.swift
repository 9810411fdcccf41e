import AMQP
import LocalServers
import Telemetry
import Testing

/// Refusals that only a person can mend, told apart from each other and from a broker that is not there yet.
@Suite struct CredentialTests {
    /// Two quick attempts and no more.
    private static func impatient(_ configuration: inout ConnectionConfiguration) {
        configuration.recovery.forbiddenAttemptMax = 2
        configuration.recovery.forbiddenDelay = .milliseconds(1)
        configuration.recovery.forbiddenMaximumDelay = .milliseconds(50)
    }

    @Test func aWrongPasswordIsToldAfterAFewAttempts() async throws {
        try await Broker.withVirtualHost { broker in
            let attempts = Lock(0)
            let user = broker.server.user
            let error = try await expectFailure(.authenticationFailed) {
                try await broker.connect {
                    Self.impatient(&$0)
                    $0.credentials = {
                        attempts.withLock { $0 += 1 }
                        return .password(user: user, password: "wrong secret")
                    }
                }
            }
            #expect(error.replyCode == 403)
            #expect(!error.isRetriable)
            #expect(!String(reflecting: error).contains("wrong secret"))
            #expect(attempts.withLock { $0 } == 2)
        }
    }

    @Test func anUnknownVirtualHostIsToldByItsName() async throws {
        try await Broker.withVirtualHost { broker in
            let error = try await expectFailure(.virtualHostNotFound) {
                try await broker.connect {
                    Self.impatient(&$0)
                    $0.virtualHost = "no such host"
                }
            }
            #expect(error.replyCode == 530)
            #expect(error.message.contains("no such host"))
        }
    }

    @Test func aVirtualHostWithoutPermissionIsTold() async throws {
        try await Broker.withVirtualHost { broker in
            try await broker.withUser { user, password in
                try await broker.server.clearPermissions(user, in: broker.virtualHost)
                let error = try await expectFailure(.accessRefused) {
                    try await broker.connect {
                        Self.impatient(&$0)
                        $0.credentials = { .password(user: user, password: password) }
                    }
                }
                #expect(error.replyCode == 530)
            }
        }
    }

    @Test func credentialsThatCannotBeReadAreTold() async throws {
        struct Missing: Error {}
        try await Broker.withVirtualHost { broker in
            let error = try await expectFailure(.authenticationFailed) {
                try await broker.connect {
                    Self.impatient(&$0)
                    $0.credentials = { throw Missing() }
                }
            }
            #expect(error.cause is Missing)
        }
    }

    @Test func aMechanismTheBrokerDoesNotOfferIsNamed() async throws {
        try await Broker.withVirtualHost { broker in
            let error = try await expectFailure(.authenticationFailed) {
                try await broker.connect {
                    Self.impatient(&$0)
                    $0.credentials = { .external }
                }
            }
            #expect(error.message.contains("EXTERNAL") && error.message.contains("PLAIN"))
        }
    }

    @Test func aVirtualHostThatIsFullIsWaitedFor() async throws {
        try await Broker.withVirtualHost { broker in
            let host = broker.server.erlang(binary: broker.virtualHost)
            let limit = "rabbit_vhost_limit:set(\(host), [{<<\"max-connections\">>, 1}], <<\"test\">>)"
            try await broker.server.evaluate("ok = \(limit)")
            let first = try await broker.connect()
            // The broker counts connections a moment after it has taken them.
            try await eventually {
                try await broker.server.evaluate("length(rabbit_connection_tracking:list(\(host)))") == "1"
            }
            let attempts = Lock(0)
            let credentials = broker.configuration().credentials
            async let connecting = broker.connect {
                Self.impatient(&$0)
                $0.credentials = {
                    attempts.withLock { $0 += 1 }
                    return try credentials()
                }
            }
            try await eventually { attempts.withLock { $0 } >= 4 }
            await first.close()
            let second = try await connecting
            #expect(second.metrics.connectFailures.value >= 3)
            await second.close()
        }
    }

    @Test func aUserDeletedWhileConnectedIsToldAndLetInAgainWhenItIsBack() async throws {
        try await Broker.withVirtualHost { broker in
            try await broker.withUser { user, password in
                let secret = Lock(password)
                let connection = try await broker.connect {
                    Self.impatient(&$0)
                    $0.credentials = { .password(user: user, password: secret.withLock { $0 }) }
                }
                let events = EventListener(connection)
                try await connection.declare(QueueDeclaration("q"))
                let publisher = try await connection.makePublisher()
                try await broker.server.deleteUser(user)
                let end = try await events.disconnected()
                #expect(end.replyCode == 320)
                // More often than a first connect would be tried: once connected, it is tried for ever.
                for _ in 0..<4 {
                    let error = try await events.first {
                        if case .connectFailed(_, let error, _) = $0 { error } else { nil }
                    }
                    #expect(error.code == .authenticationFailed)
                }
                // The new password is picked up, for the credentials are asked for before each login.
                secret.withLock { $0 = "another secret" }
                try await broker.server.addUser(user, password: "another secret")
                try await broker.server.setPermissions(user, in: broker.virtualHost)
                try await events.recovered()
                try await publisher.publish(.named("back"), routingKey: "q")
                await connection.close()
            }
        }
    }

    @Test func missingRightsAreToldAndCostNoOther() async throws {
        try await Broker.withVirtualHost { broker in
            let admin = try await broker.connect()
            try await admin.declare(QueueDeclaration("mine"))
            try await admin.declare(QueueDeclaration("theirs"))
            try await broker.withUser(configure: "^$", write: "^amq\\.default$", read: "^mine$") { user, password in
                let connection = try await broker.connect {
                    $0.credentials = { .password(user: user, password: password) }
                }
                let consumer = try await connection.consume("mine")
                let publisher = try await connection.makePublisher()
                for refused in [
                    try await expectFailure(.accessRefused) { try await connection.consume("theirs") },
                    try await expectFailure(.accessRefused) { try await connection.declare(QueueDeclaration("new")) },
                    try await expectFailure(.accessRefused) { try await connection.purge(queue: "theirs") },
                ] {
                    #expect(refused.replyCode == 403 && !refused.isRetriable)
                    #expect(refused.message.contains(user))
                }
                let unknown = try await expectFailure(.unknownOutcome) {
                    try await publisher.publish(Message(), to: "amq.direct", routingKey: "mine")
                }
                #expect((unknown.cause as? AMQPError)?.code == .accessRefused)
                // Looking without touching needs no right to configure.
                #expect(try await connection.status(ofQueue: "mine").consumerCount == 1)
                try await publisher.publish(.named("allowed"), routingKey: "mine")
                let delivery = await consumer.nextBatch(countMax: 1).first
                #expect(delivery?.id == "allowed")
                delivery?.ack()
                #expect(connection.metrics.connects.value == 1)
                await connection.close()
            }
            await admin.close()
        }
    }

    @Test func rightsTakenAwayWhileConnectedShowAndComeBack() async throws {
        try await Broker.withVirtualHost { broker in
            try await broker.withUser { user, password in
                let connection = try await broker.connect {
                    $0.credentials = { .password(user: user, password: password) }
                }
                try await connection.declare(QueueDeclaration("q"))
                try await broker.server.setPermissions(user, in: broker.virtualHost, write: "^$")
                // A channel remembers what it was allowed a while ago, so a new one is asked.
                let publisher = try await connection.makePublisher()
                let error = try await expectFailure(.unknownOutcome) {
                    try await publisher.publish(Message(), routingKey: "q")
                }
                #expect((error.cause as? AMQPError)?.code == .accessRefused)
                try await broker.server.setPermissions(user, in: broker.virtualHost)
                try await publisher.publish(Message(), routingKey: "q")
                await connection.close()
            }
        }
    }
}
