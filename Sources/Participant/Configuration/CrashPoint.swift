import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The places at which a test may kill the process, to see that nothing is lost or doubled.
///
/// `SKALD_CRASH_AT=K4:3` kills it with SIGKILL when K4 is reached for the third time. Only debug builds look.
enum CrashPoint: String, CaseIterable {
    /// Delivered, before the transaction begins.
    case delivered = "K1"
    /// After the insert into the inbox.
    case claimed = "K2"
    /// After the handler's effect.
    case handled = "K3"
    /// After the insert into the outbox, before the commit.
    case written = "K4"
    /// The commit is sent, its answer is not read.
    case committing = "K5"
    /// Committed, before the acknowledgement.
    case committed = "K6"
    /// After the acknowledgement.
    case acknowledged = "K7"
    /// A row is about to be published by the sweep: it is ours, nobody has sent it.
    case swept = "K8"
    /// While publishing: some of the bytes are on their way.
    case publishing = "K9"
    /// Published, before the confirm.
    case published = "K10"
    /// Confirmed, before the row is deleted.
    case confirmed = "K11"
    /// The row is deleted.
    case deleted = "K12"

    /// Dies a while from now, which is after COMMIT was sent; the database has to take longer than that to answer it.
    static func commitSoon() {
        #if DEBUG
            guard let plan = CrashPlan.current, plan.point == committing, plan.isNow() else { return }
            Task.detached {
                try await Task.sleep(for: .milliseconds(300))
                kill(getpid(), SIGKILL)
            }
        #endif
    }

    func reach() {
        #if DEBUG
            guard let plan = CrashPlan.current, plan.point == self, plan.isNow() else { return }
            kill(getpid(), SIGKILL)
        #endif
    }
}

#if DEBUG
    /// Which point, and at which time it is reached.
    private final class CrashPlan: Sendable {
        let point: CrashPoint
        private let remaining: Atomic<Int>

        static let current = CrashPlan(getenv("SKALD_CRASH_AT").map { String(cString: $0) })

        init?(_ text: String?) {
            guard let parts = text?.split(separator: ":"), let name = parts.first,
                let point = CrashPoint(rawValue: String(name))
            else { return nil }
            self.point = point
            remaining = Atomic(parts.count > 1 ? Int(parts[1]) ?? 1 : 1)
        }

        func isNow() -> Bool {
            remaining.wrappingSubtract(1, ordering: .relaxed).newValue == 0
        }
    }
#endif
