import AMQP
import Glibc
import LocalServers
import Testing

/// A process that may open no more files.
///
/// Tests with servers run one by one, so nobody else in the process wants a descriptor meanwhile.
@Suite(.timeLimit(.minutes(2))) struct DescriptorTests {
    /// Wherever on its way the connection finds none left: at its loop, its mailbox or its socket.
    @Test(arguments: 0...6) func aConnectSaysWhatIsMissingAndWorksOnceThereIsEnough(freeCount: Int) async throws {
        try await Broker.withVirtualHost { broker in
            let before = try await broker.connect()
            try await before.declare(QueueDeclaration("q"))
            let publisher = try await before.makePublisher()
            let (error, isPublished) = await withDescriptors(freeCount) {
                (
                    await failure { try await broker.connect { $0.openTimeout = .seconds(2) } },
                    await failure { try await publisher.publish(Message(text: "meanwhile"), routingKey: "q") } == nil
                )
            }
            #expect(isPublished, "whoever is connected does not notice")
            if freeCount == 0 { #expect(error != nil) }
            if let error {
                #expect(error.code == .unreachable)
                #expect(error.description.contains("Too many open files"), "\(error)")
            }
            let after = try await broker.connect()
            #expect(try await after.status(ofQueue: "q").messageCount == 1)
            await after.close()
            await before.close()
        }
    }

    /// Runs `body` while the process may open this many descriptors more.
    private func withDescriptors<Result>(_ freeCount: Int, _ body: () async -> Result) async -> Result {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let whole = limit.rlim_cur
        let lowest = dup(STDOUT_FILENO)
        var taken = [lowest]
        limit.rlim_cur = rlim_t(lowest) + 64
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        while case let descriptor = dup(STDOUT_FILENO), descriptor >= 0 { taken.append(descriptor) }
        for descriptor in taken.suffix(freeCount) { close(descriptor) }
        let result = await body()
        for descriptor in taken.dropLast(freeCount) { close(descriptor) }
        limit.rlim_cur = whole
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return result
    }

    private func failure<Value>(_ body: () async throws -> Value) async -> AMQPError? {
        do {
            _ = try await body()
            return nil
        } catch {
            return error as? AMQPError
        }
    }
}
