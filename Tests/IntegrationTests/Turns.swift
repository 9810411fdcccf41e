/// Lets a few tests at a time at something that cannot serve all of them.
///
/// All tests of a run begin at once, and two hundred virtual hosts with their queues would keep the broker from
/// answering within anybody's deadline.
actor Turns {
    static let atBroker = Turns(count: 6)
    /// A bank is a process, tables, queues and a load: more at once would wait past their limits for a processor.
    static let atBanks = Turns(count: 3)

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
