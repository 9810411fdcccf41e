import AMQP
import LocalServers
import Testing

/// What a task gets that stops waiting for its confirm.
@Suite struct PublishCancellationTests {
    /// A publisher with a window of one whose confirms are held back, and one message on the wire.
    private func withFullWindow(
        _ body: (FaultProxy, Connection, Publisher, Task<PublishOutcome, Never>) async throws -> Void
    ) async throws {
        try await Broker.withVirtualHost { broker in
            try await broker.withProxy { proxy, connection in
                try await connection.declare(QueueDeclaration("q"))
                var options = PublisherOptions()
                options.windowCountMax = 1
                let publisher = try await connection.makePublisher(options)
                await proxy.set(.hold, on: .toClient)
                let sent = Task { await publisher.outcome(of: Publication(.named("sent"), routingKey: "q")) }
                try await eventually { publisher.unconfirmedCount == 1 }
                try await body(proxy, connection, publisher, sent)
            }
        }
    }

    @Test func aPublishThatWaitsForTheWindowIsWithdrawn() async throws {
        try await withFullWindow { proxy, connection, publisher, sent in
            let waiting = Task.immediate {
                await publisher.outcome(of: Publication(.named("withdrawn"), routingKey: "q"))
            }
            waiting.cancel()
            #expect(await waiting.value.error?.code == .cancelled)
            #expect(connection.metrics.notSent.value == 1)
            await proxy.set(.pass)
            #expect(await sent.value.isConfirmed)
            let ids = try await connection.takeMessageIDs(from: "q")
            #expect(ids == ["sent"])
        }
    }

    @Test func aPublishOnTheWireIsUnknown() async throws {
        try await withFullWindow { proxy, connection, publisher, sent in
            sent.cancel()
            let error = await sent.value.error
            #expect(error?.code == .unknownOutcome)
            #expect((error?.cause as? AMQPError)?.code == .cancelled)
            #expect(connection.metrics.unknown.value == 1)
            await proxy.set(.pass)
            // Its confirm still counts for the window: the next one passes.
            try await publisher.publish(.named("next"), routingKey: "q")
            let ids = try await connection.takeMessageIDs(from: "q")
            #expect(ids == ["sent", "next"])
        }
    }

    @Test func aBatchReturnsWithAnOutcomeForEachOfItsMessages() async throws {
        try await withFullWindow { proxy, connection, publisher, sent in
            let batch = Task.immediate {
                await publisher.publish(contentsOf: Publication.series("b", count: 20, to: "q"))
            }
            batch.cancel()
            let outcomes = await batch.value
            #expect(outcomes.count == 20)
            #expect(outcomes.codes.allSatisfy { $0 == .cancelled })
            #expect(connection.metrics.notSent.value == 20)
            await proxy.set(.pass)
            #expect(await sent.value.isConfirmed)
            let ids = try await connection.takeMessageIDs(from: "q")
            #expect(ids == ["sent"])
        }
    }

    @Test func aTaskThatIsCancelledAlreadySendsNothing() async throws {
        try await withFullWindow { proxy, connection, publisher, _ in
            let outcomes = await Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return await publisher.publish(contentsOf: Publication.series("b", count: 3, to: "q"))
            }.value
            #expect(outcomes.codes == [.cancelled, .cancelled, .cancelled])
            await proxy.set(.pass)
            let ids = try await connection.takeMessageIDs(from: "q")
            #expect(ids == ["sent"])
        }
    }
}
