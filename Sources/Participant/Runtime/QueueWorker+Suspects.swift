import Messaging
import Telemetry

/// Messages that may kill the process that runs them.
extension QueueWorker {
    /// Runs what was planned: beside the runs of other queues, or alone in the process if it is a suspect.
    func attempt(_ run: BatchRun, _ batch: Batch, twins: [Int: [Int]]) async -> RunAttempt {
        guard let suspect = batch.suspect(in: run, twins: twins) else {
            return await surroundings.solitude.amongOthers {
                var runner = BatchRunner(self, batch, run, twins: twins)
                return await runner.attempt()
            }
        }
        return await surroundings.solitude.alone {
            let attempt = await attempt(run, batch, twins: twins, suspect: suspect)
            // A process that is asked to end breaks the run off, and has outlived the message.
            if Task.isCancelled, attempt.end != .committed { await Task { await clear(suspect) }.value }
            return attempt
        }
    }

    private func attempt(
        _ run: BatchRun, _ batch: Batch, twins: [Int: [Int]], suspect: UUIDv7
    ) async -> RunAttempt {
        if let end = await begin(suspect, run) { return end }
        var runner = BatchRunner(self, batch, run, twins: twins, suspect: suspect)
        return await runner.attempt()
    }

    /// Marks a suspect before it begins.
    ///
    /// - Returns: why it must not begin, if so.
    private func begin(_ suspect: UUIDv7, _ run: BatchRun) async -> RunAttempt? {
        let database = surroundings.database
        do {
            let deathCount = try await SuspectStore(database: database.pool).begin(suspect, epoch: database.epoch)
            guard CrashRule.isKiller(deathCount: deathCount) else { return nil }
            let member = run.members[0]
            return RunAttempt(end: .failed([member: .crashing]), cause: ProcessKiller(deathCount: deathCount))
        } catch {
            // The statement is ours: whatever is wrong with it is not the message's fault.
            return RunAttempt(end: .ground, cause: error)
        }
    }

    /// Clears a suspect that this process has outlived.
    func clear(_ suspect: UUIDv7) async {
        do {
            try await SuspectStore(database: surroundings.database.pool).end(suspect)
        } catch {
            // A mark that stays counts one death too many, of the three it takes.
            log.warning("cannot clear a message of its suspicion", .failure(error))
        }
    }
}

extension Batch {
    /// The id of the suspect that is the run, if it is one.
    fileprivate func suspect(in run: BatchRun, twins: [Int: [Int]]) -> UUIDv7? {
        guard run.members.count == 1, let member = run.members.first,
            isSuspect(member, twins: twins[member, default: []])
        else { return nil }
        return members[member].envelope.id
    }

    /// A message is a suspect if any of its copies is.
    func isSuspect(_ member: Int, twins: [Int]) -> Bool {
        members[member].isSuspect || twins.contains { members[$0].isSuspect }
    }
}

/// Every process that handled the message died of it.
struct ProcessKiller: Error, CustomStringConvertible {
    let deathCount: Int

    var description: String { "\(deathCount) processes died while they handled nothing but this message" }
}
