internal import AMQP
internal import BenchmarkBaselines
import Glibc
internal import LocalServers

/// Where a side connects to, kept as C strings for the baselines.
///
/// `@unchecked Sendable` is true because the strings are written once, by `init`, and freed by `deinit`.
final class Endpoint: @unchecked Sendable {
    let host = "127.0.0.1"
    let port: UInt16
    let user: String
    let password: String
    let virtualHost = "/"
    let asC: bench_endpoint
    /// The broker's process, whose processor time is reported beside the client's; nil for the null sink.
    let processID: pid_t?

    init(port: UInt16, user: String, password: String, processID: pid_t? = nil) {
        self.port = port
        self.user = user
        self.password = password
        self.processID = processID
        asC = bench_endpoint(
            host: strdup(host), port: Int32(port), user: strdup(user), password: strdup(password),
            vhost: strdup(virtualHost))
    }

    convenience init(_ broker: RabbitServer) {
        self.init(port: broker.port, user: broker.user, password: broker.password, processID: broker.processID)
    }

    /// The same for the wrapper.
    var configuration: ConnectionConfiguration {
        ConnectionConfiguration(
            hosts: [.init(host, port: port)], virtualHost: virtualHost,
            credentials: .password(user: user, password: password), name: "skald-bench")
    }

    deinit {
        for string in [asC.host, asC.user, asC.password, asC.vhost] { free(UnsafeMutableRawPointer(mutating: string)) }
    }
}
