import AMQP
import LocalServers
import Testing

/// How a publish can end: confirmed, returned, nacked, unknown, not sent.
@Suite struct PublishOutcomeTests {
    @Test func messagesWithoutARouteComeBackWhileOthersAreConfirmed() async throws {
        try await Broker.withVirtualHost { broker in
            let connection = try await broker.connect()
            let events = EventListener(connection)
            try await connection.declare(QueueDeclaration("q"))
            let publisher = try await connection.makePublisher()
            let publications = (0..<300).map {
                Publication(.named("m-\($0)"), routingKey: $0 % 3 == 0 ? "nowhere" : "q")
            }
            let outcomes = await publisher.publish(contentsOf: publications)
            for (number, outcome) in outcomes.enumerated() {
                #expect(number % 3 == 0 ? outcome.isNoRoute : outcome.isConfirmed, "\(number) ended as \(outcome)")
            }
            #expect(connection.metrics.returned.value == 100)
            #expect(connection.metrics.confirmed.value == 200)
            let event = try await events.first {
                if case .returned(let exchange, let key, let code, _) = $0 { "\(exchange)/\(key)/\(code)" } else { nil }
            }
            #expect(event == "/nowhere/312")
            let kept = Set((0..<300).filter { $0 % 3 != 0 }.map { "m-\($0)" })
            #expect(Set(try await connection.takeMessageIDs(from: "q")) == kept)
            await connection.close()
        }
    }

    @Test func ofMessagesWithTheSameIDOnlyTheUnroutableAndMandatoryOneIsReturned() async throws {
        try await Broker.withVirtualHost { broker in
            let connection = try await broker.connect()
            try await connection.declare(QueueDeclaration("q"))
            let publisher = try await connection.makePublisher()
            let outcomes = await publisher.publish(contentsOf: [
                Publication(.named("same"), routingKey: "nowhere", isMandatory: false),
                Publication(.named("same"), routingKey: "q"),
                Publication(.named("same"), routingKey: "nowhere"),
                Publication(.named("same"), routingKey: "nowhere", isMandatory: false),
                Publication(.named("same"), to: "amq.direct", routingKey: "q"),
            ])
            #expect(outcomes.map(\.isConfirmed) == [true, true, false, true, false])
            #expect(outcomes.map(\.isNoRoute) == [false, false, true, false, true])
            try await expectFailure(.returned) {
                try await publisher.publish(.named("same"), routingKey: "nowhere")
            }
            await connection.close()
        }
    }

    @Test func aFullQueueThatRejectsNacksAndTheRestIsKept() async throws {
        try await Broker.withVirtualHost { broker in
            let connection = try await broker.connect()
            var full = QueueDeclaration("full", kind: .classic)
            full.messageCountMax = 5
            full.overflow = .rejectPublish
            try await connection.declare(full)
            let publisher = try await connection.makePublisher()
            let outcomes = await publisher.publish(contentsOf: Publication.series("m", count: 40, to: "full"))
            let confirmed = outcomes.indices.filter { outcomes[$0].isConfirmed }.map { "m-\($0)" }
            #expect(confirmed.count < 40)
            #expect(outcomes.allSatisfy { $0.isConfirmed || $0.error?.code == .nacked })
            #expect(connection.metrics.nacked.value == 40 - confirmed.count)
            try await expectFailure(.nacked) {
                try await publisher.publish(.named("late"), routingKey: "full")
            }
            let consumer = try await connection.consume("full")
            var kept: [String] = []
            for await delivery in consumer {
                delivery.ack()
                kept.append(delivery.id)
                if kept.count == confirmed.count { break }
            }
            #expect(kept == confirmed)
            await consumer.cancel()
            #expect(try await connection.status(ofQueue: "full").messageCount == 0)
            await connection.close()
        }
    }

    @Test func aPublishWhoseConfirmIsCutOffIsUnknownThoughItArrived() async throws {
        try await Broker.withVirtualHost { broker in
            let direct = try await broker.connect()
            try await direct.declare(QueueDeclaration("q"))
            try await broker.withProxy { proxy, connection in
                let events = EventListener(connection)
                let publisher = try await connection.makePublisher()
                await proxy.set(.hold, on: .toClient)
                async let outcome = publisher.outcome(of: Publication(.named("in doubt"), routingKey: "q"))
                try await eventually { try await direct.status(ofQueue: "q").messageCount == 1 }
                await proxy.cutAll(.reset)
                await proxy.set(.pass)
                let error = try #require(await outcome.error)
                #expect(error.code == .unknownOutcome && error.isRetriable)
                #expect((error.cause as? AMQPError)?.code == .connectionClosed)
                #expect(connection.metrics.unknown.value == 1)
                #expect(connection.metrics.confirmed.value == 0)
                try await events.recovered()
                try await publisher.publish(.named("after"), routingKey: "q")
            }
            #expect(try await direct.takeMessageIDs(from: "q") == ["in doubt", "after"])
            await direct.close()
        }
    }

    @Test func aPublishCutOffInTheMiddleIsUnknownAndNotThere() async throws {
        try await Broker.withVirtualHost { broker in
            try await broker.withProxy { proxy, connection in
                try await connection.declare(QueueDeclaration("q"))
                let events = EventListener(connection)
                let publisher = try await connection.makePublisher()
                await proxy.set(.cut(.afterPattern(Array("first half".utf8))), on: .toServer)
                try await expectFailure(.unknownOutcome) {
                    try await publisher.publish(.named("cut", text: "first half, second half"), routingKey: "q")
                }
                try await events.recovered()
                #expect(try await connection.takeMessageIDs(from: "q") == [])
            }
        }
    }

    @Test func aLateConfirmFreesItsPlaceInTheWindow() async throws {
        try await Broker.withVirtualHost { broker in
            try await broker.withProxy { proxy, connection in
                try await connection.declare(QueueDeclaration("q"))
                var options = PublisherOptions()
                options.timeout = .seconds(1)
                let publisher = try await connection.makePublisher(options)
                await proxy.set(.hold, on: .toClient)
                try await expectFailure(.unknownOutcome) {
                    try await publisher.publish(.named("late"), routingKey: "q")
                }
                #expect(publisher.unconfirmedCount == 1)
                await proxy.set(.pass)
                try await eventually { publisher.unconfirmedCount == 0 }
                #expect(try await connection.takeMessageIDs(from: "q") == ["late"])
            }
        }
    }

    @Test func whatGetsNoConfirmInTimeIsUnknownAndWhatNeverLeftIsNotSent() async throws {
        try await Broker.withVirtualHost { broker in
            try await broker.withProxy { proxy, connection in
                try await connection.declare(QueueDeclaration("q"))
                var options = PublisherOptions()
                options.windowCountMax = 1
                options.timeout = .seconds(3)
                let publisher = try await connection.makePublisher(options)
                await proxy.set(.hold, on: .toClient)
                let outcomes = await publisher.publish(contentsOf: Publication.series("m", count: 3, to: "q"))
                #expect(outcomes.codes == [.unknownOutcome, .timedOut, .timedOut])
                await proxy.set(.pass)
                // The late confirm frees its place in the window and is not taken for another's.
                try await publisher.publish(.named("after"), routingKey: "q")
                #expect(try await connection.takeMessageIDs(from: "q") == ["m-0", "after"])
                #expect(connection.metrics.unconfirmed.value == 0)
            }
        }
    }
}

extension PublishOutcome {
    /// Returned, for no queue is bound.
    var isNoRoute: Bool {
        if case .returned(code: 312, reason: "NO_ROUTE") = self { true } else { false }
    }
}
