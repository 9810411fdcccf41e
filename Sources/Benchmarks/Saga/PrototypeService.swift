internal import BenchmarkBaselines
import Glibc

/// A service of the C that whole sagas are measured against.
///
/// `skald-bench saga-prototype order` is one, in a process of its own, told by its environment like the delivered one.
enum PrototypeService {
    /// The word on the command line that makes this program one; the service's name follows.
    static let word = "saga-prototype"

    /// Serves until it is ended, on the thread that calls.
    ///
    /// - Returns: the exit status, after something failed.
    static func serve(_ service: String) -> Int32 {
        var failure = bench_failure()
        guard let broker = getenv("AMQP_URL"), let database = getenv("DATABASE_URL") else {
            Progress.say("\(word): AMQP_URL and DATABASE_URL say where to work")
            return ExitStatus.usage
        }
        if bench_prototype_serve(service, broker, database, &failure) { return 0 }
        Progress.say("\(word) \(service): \(BaselineFailure(failure).description)")
        return ExitStatus.failed
    }
}
