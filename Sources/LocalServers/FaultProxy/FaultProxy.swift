import Glibc
import Telemetry

/// A TCP proxy on loopback that breaks links on purpose.
///
/// A client connects to `port`; bytes go to and from the server behind it until a test sets a fault. Faults are set per
/// direction, hold for open and new connections alike, and are in force when `set` returns.
///
/// ```swift
/// let proxy = try FaultProxy(to: cluster.port)
/// await proxy.set(.cut(.afterPattern(Array("COMMIT\0".utf8))), on: .toServer)
/// ```
package final class FaultProxy: Sendable {
    package enum Direction: Sendable, CaseIterable {
        case toServer
        case toClient
    }

    /// What went through so far.
    package struct Counts: Sendable, Equatable {
        /// Connections taken, ever.
        package var accepted = 0
        /// Connections open now.
        package var open = 0
        /// Connections ended by a cut, ever.
        package var cut = 0
        /// Bytes handed to the server and to the client, ever.
        package var bytesToServer = 0
        package var bytesToClient = 0

        package init() {}
    }

    package let host = "127.0.0.1"
    package var port: UInt16 { reservation.port }

    private let reservation: PortReservation
    private let mailbox: ProxyMailbox

    /// Starts a proxy in front of `serverPort` on 127.0.0.1. It ends with `close`, or when it is let go.
    package init(to serverPort: UInt16) throws {
        reservation = try .any()
        let channel = try Descriptor.pair()
        let mailbox = ProxyMailbox(bell: channel.near)
        let loop = try ProxyLoop(port: reservation.port, serverPort: serverPort, mailbox, bell: channel.far)
        self.mailbox = mailbox
        try startThread { loop.run() }
    }

    deinit { mailbox.post(.end, nil) }

    package var counts: Counts { mailbox.counts }

    /// Puts `fault` in the place of the one before, in one direction or in both.
    package func set(_ fault: Fault, on direction: Direction? = nil) async {
        await post(.set(fault, direction.map { [$0] } ?? Direction.allCases))
    }

    /// Cuts every open connection now.
    package func cutAll(_ manner: Fault.Cut.Manner = .close) async { await post(.cutAll(manner)) }

    /// Turns new connections away (the port is closed, as when a host is down), or takes them again.
    package func setRefusing(_ isRefusing: Bool) async { await post(.refuse(isRefusing)) }

    /// Ends the proxy and every connection through it.
    package func close() async { await post(.end) }

    /// Waits until the counts are as a test wants them; throws after the limit.
    package func wait(
        within limit: Duration = .seconds(30), until isReached: @escaping @Sendable (Counts) -> Bool
    ) async throws {
        try await onOwnThread {
            let reached = Deadline(after: limit).poll(every: .milliseconds(2)) { isReached(self.counts) ? true : nil }
            guard reached != nil else {
                throw LocalServerError(
                    .timedOut, subject: "fault proxy on port \(self.port)",
                    problem: "what the test waits for did not come within \(limit); it is at \(self.counts)",
                    remedy: "see what the client and the server do")
            }
        }
    }

    private func post(_ order: ProxyMailbox.Order) async {
        await withCheckedContinuation { mailbox.post(order, $0) }
    }
}
