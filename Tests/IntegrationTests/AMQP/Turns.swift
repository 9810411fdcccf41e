/// Lets a few tests at a time at the shared broker.
///
/// All tests of a run begin at once, and two hundred virtual hosts with their queues would keep the broker from
/// answering within anybody's deadline.
actor Turns {
    static let atBroker = Turns(count: 6)

    private var free: Int
    private var waiters: [CheckedContinuation<Void, Never>] = []

    init(count: Int) {
        free = count
    }

    /// Runs `body` when it is its turn, in the order of the calls.
    nonisolated func take<Result>(_ body: () async throws -> Result) async rethrows -> Result {
        await begin()
        do {
            let result = try await body()
            await end()
            return result
        } catch {
            await end()
            throw error
        }
    }

    private func begin() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiters.append($0) }
        }
    }

    private func end() {
        if waiters.isEmpty {
            free += 1
        } else {
            waiters.removeFirst().resume()
        }
    }
}
