import Glibc

/// One connection through the proxy: two sockets and two lanes. Used by the proxy's thread alone.
final class ProxyLink {
    /// How one turn of work ended.
    enum Turn {
        /// Go on; look again at the given moment even if nothing happens.
        case open(lookAgain: ContinuousClock.Instant?)
        /// A cut came due in this direction; close the sockets.
        case cut(FaultProxy.Direction, Fault.Cut.Manner)
        /// Both streams ended, or the server was not there; close the sockets.
        case over(Fault.Cut.Manner)
    }

    /// A socket with what the last `poll` said about it.
    private struct End {
        let descriptor: Int32
        var isReadable = false
        var isWritable = false
        var isFull = false
        var isBroken = false
    }

    private var client: End
    private var server: End
    private var toServer: FaultLane
    private var toClient: FaultLane
    private var isConnecting = true
    private let mailbox: ProxyMailbox

    /// Takes over an accepted socket and begins to connect to the server.
    init?(client: Int32, serverPort: UInt16, faults: ProxyLoop.Faults, _ mailbox: ProxyMailbox) {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_INET, kind, 0)
        var address = loopback(serverPort)
        let status = withSocketAddress(&address) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
        guard descriptor >= 0, status == 0 || errno == EINPROGRESS else {
            if descriptor >= 0 { Glibc.close(descriptor) }
            reset(client)
            return nil
        }
        sendAtOnce(client)
        sendAtOnce(descriptor)
        self.client = End(descriptor: client)
        self.server = End(descriptor: descriptor)
        self.mailbox = mailbox
        let now = ContinuousClock.now
        toServer = FaultLane(faults.toServer, now: now)
        toClient = FaultLane(faults.toClient, now: now)
    }

    /// After a cut that was meant for one connection alone.
    func disarmCut(_ direction: FaultProxy.Direction) {
        switch direction {
        case .toServer: toServer.disarmCut()
        case .toClient: toClient.disarmCut()
        }
    }

    func set(_ fault: Fault, _ direction: FaultProxy.Direction) {
        switch direction {
        case .toServer: toServer.set(fault, now: .now)
        case .toClient: toClient.set(fault, now: .now)
        }
    }

    /// What to ask `poll` about the two sockets.
    var waits: [pollfd] {
        [
            wait(for: client, reads: !isConnecting && toServer.wantsToRead, writes: client.isFull),
            wait(for: server, reads: toClient.wantsToRead, writes: isConnecting || server.isFull),
        ]
    }

    /// Takes over what `poll` answered to `waits`.
    func note(_ answers: ArraySlice<pollfd>) {
        note(answers[answers.startIndex], &client)
        note(answers[answers.startIndex + 1], &server)
    }

    /// Moves what can be moved.
    func work(_ random: inout some RandomNumberGenerator) -> Turn {
        if isConnecting && !finishConnecting() { return server.isBroken ? .over(.reset) : .open(lookAgain: nil) }
        let hasMore = [
            fill(&toServer, from: &client, &random),
            fill(&toClient, from: &server, &random),
        ]
        var lookAgain: ContinuousClock.Instant? = hasMore.contains(true) ? .now : nil
        for direction in FaultProxy.Direction.allCases {
            let turn = drain(direction)
            guard case .open(let moment) = turn else { return turn }
            lookAgain = [lookAgain, moment].compactMap { $0 }.min()
        }
        return toServer.isOver && toClient.isOver ? .over(.close) : .open(lookAgain: lookAgain)
    }

    func close(_ manner: Fault.Cut.Manner) {
        for descriptor in [client.descriptor, server.descriptor] {
            switch manner {
            case .close: Glibc.close(descriptor)
            case .reset: reset(descriptor)
            }
        }
    }

    // MARK: Parts of a turn

    private func wait(for end: End, reads: Bool, writes: Bool) -> pollfd {
        let events = (reads ? POLLIN : 0) | (writes ? POLLOUT : 0)
        // A broken socket would answer at once every time, so it is not asked any more.
        return pollfd(fd: end.isBroken ? -1 : end.descriptor, events: Int16(events), revents: 0)
    }

    private func note(_ answer: pollfd, _ end: inout End) {
        let events = Int32(answer.revents)
        end.isReadable = events & (POLLIN | POLLHUP | POLLERR) != 0
        end.isWritable = events & POLLOUT != 0
        if end.isWritable { end.isFull = false }
        if events & (POLLHUP | POLLERR | POLLNVAL) != 0 { end.isBroken = true }
    }

    private func finishConnecting() -> Bool {
        guard server.isWritable || server.isBroken else { return false }
        var problem: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(server.descriptor, SOL_SOCKET, SO_ERROR, &problem, &size)
        guard problem == 0 else {
            server.isBroken = true
            return false
        }
        isConnecting = false
        return true
    }

    /// Reads once. True when there may be more that `poll` will not tell of.
    private func fill(
        _ lane: inout FaultLane, from end: inout End, _ random: inout some RandomNumberGenerator
    ) -> Bool {
        // A broken socket may still hold bytes that came before the break.
        guard end.isReadable || end.isBroken, lane.wantsToRead else { return false }
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(end.descriptor, &chunk, chunk.count, Int32(MSG_DONTWAIT))
        if count > 0 {
            lane.arrived(chunk[0..<count], now: .now, jitter: Double.random(in: 0...1, using: &random))
            return end.isBroken
        }
        if count == 0 || (errno != EAGAIN && errno != EINTR) { lane.ended() }
        return false
    }

    private func drain(_ direction: FaultProxy.Direction) -> Turn {
        switch direction {
        case .toServer: drain(&toServer, direction, to: &server) { $0.bytesToServer += $1 }
        case .toClient: drain(&toClient, direction, to: &client) { $0.bytesToClient += $1 }
        }
    }

    private func drain(
        _ lane: inout FaultLane, _ direction: FaultProxy.Direction, to end: inout End,
        _ count: (inout FaultProxy.Counts, Int) -> Void
    ) -> Turn {
        // Bounded, so that one busy link lets the others have their turn.
        for _ in 0..<64 {
            let now = ContinuousClock.now
            switch lane.next(now: now) {
            case .rest: return .open(lookAgain: nil)
            case .wait(let moment): return .open(lookAgain: moment)
            case .cut(let manner): return .cut(direction, manner)
            case .end:
                shutdown(end.descriptor, Int32(SHUT_WR))
                lane.passedEnd()
                return .open(lookAgain: nil)
            case .write(let bytes):
                let sent = send(end.descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
                if sent < 0 && errno == EINTR { continue }
                if sent < 0 && errno == EAGAIN {
                    end.isFull = true
                    return .open(lookAgain: nil)
                }
                if sent < 0 { return .over(.close) }
                lane.wrote(sent, now: now)
                mailbox.count { count(&$0, sent) }
            }
        }
        return .open(lookAgain: .now)
    }
}

private func sendAtOnce(_ descriptor: Int32) {
    var yes: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
}

/// Closes so that the peer sees a reset: no lingering, what is unsent is dropped.
private func reset(_ descriptor: Int32) {
    var linger = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
    close(descriptor)
}
