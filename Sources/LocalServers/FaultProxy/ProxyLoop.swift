import Glibc

/// The proxy's thread: waits for sockets and orders, lets each link take its turn.
///
/// `@unchecked Sendable` is true because after `init` only the one thread that calls `run` touches the object.
final class ProxyLoop: @unchecked Sendable {
    struct Faults {
        var toServer = Fault.pass
        var toClient = Fault.pass
    }

    private let port: UInt16
    private let serverPort: UInt16
    private let mailbox: ProxyMailbox
    private let bell: Descriptor
    private var listener: Int32
    private var links: [ProxyLink] = []
    private var faults = Faults()
    private var random = SystemRandomNumberGenerator()
    private var isEnded = false

    init(port: UInt16, serverPort: UInt16, _ mailbox: ProxyMailbox, bell: consuming Descriptor) throws {
        self.port = port
        self.serverPort = serverPort
        self.mailbox = mailbox
        self.bell = bell
        listener = try Self.listen(on: port)
    }

    func run() {
        while !isEnded {
            let lookAgain = workAll()
            wait(until: lookAgain)
            takeOrders()
        }
        for link in links { link.close(.close) }
        if listener >= 0 { close(listener) }
        mailbox.count { $0.open = 0 }
        for letter in mailbox.closed() { letter.done?.resume() }
    }

    /// Gives every link its turn; the moment at which the first wants another without being called.
    private func workAll() -> ContinuousClock.Instant? {
        var lookAgain: ContinuousClock.Instant?
        var open: [ProxyLink] = []
        var cutCount = 0
        for link in links {
            switch link.work(&random) {
            case .open(let moment):
                open.append(link)
                lookAgain = [lookAgain, moment].compactMap { $0 }.min()
            case .cut(let direction, let manner):
                link.close(manner)
                cutCount += 1
                disarmCut(direction)
            case .over(let manner): link.close(manner)
            }
        }
        if open.count != links.count {
            links = open
            mailbox.count { counts in
                counts.open = open.count
                counts.cut += cutCount
            }
        }
        return lookAgain
    }

    private func wait(until moment: ContinuousClock.Instant?) {
        var waits = [
            pollfd(fd: bell.number, events: Int16(POLLIN), revents: 0),
            pollfd(fd: listener, events: Int16(POLLIN), revents: 0),
        ]
        for link in links { waits += link.waits }
        let milliseconds = moment.map { Deadline(after: $0 - .now).remainingMilliseconds } ?? -1
        guard poll(&waits, nfds_t(waits.count), milliseconds) > 0 else {
            for link in links { link.note([pollfd(), pollfd()]) }
            return
        }
        for (index, link) in links.enumerated() { link.note(waits[(2 + 2 * index)..<(4 + 2 * index)]) }
        if waits[1].revents != 0 { acceptAll() }
    }

    private func acceptAll() {
        while listener >= 0 {
            let descriptor = acceptConnection(on: listener, isBlocking: false)
            guard descriptor >= 0 else { return }
            let link = ProxyLink(client: descriptor, serverPort: serverPort, faults: faults, mailbox)
            if let link { links.append(link) }
            mailbox.count { counts in
                counts.accepted += 1
                counts.open = links.count
            }
        }
    }

    private func takeOrders() {
        var rings = [UInt8](repeating: 0, count: 64)
        _ = recv(bell.number, &rings, rings.count, Int32(MSG_DONTWAIT))
        for letter in mailbox.take() {
            carryOut(letter.order)
            letter.done?.resume()
        }
    }

    private func carryOut(_ order: ProxyMailbox.Order) {
        switch order {
        case .set(let fault, let directions): for direction in directions { set(fault, direction) }
        case .cutAll(let manner): cutAll(manner)
        case .refuse(let isRefusing): refuse(isRefusing)
        case .end: isEnded = true
        }
    }

    private func set(_ fault: Fault, _ direction: FaultProxy.Direction) {
        switch direction {
        case .toServer: faults.toServer = fault
        case .toClient: faults.toClient = fault
        }
        for link in links { link.set(fault, direction) }
    }

    private func cutAll(_ manner: Fault.Cut.Manner) {
        for link in links { link.close(manner) }
        let count = links.count
        links = []
        mailbox.count { counts in
            counts.open = 0
            counts.cut += count
        }
    }

    /// After a cut that was meant for one connection, the others and those to come go on.
    private func disarmCut(_ direction: FaultProxy.Direction) {
        switch direction {
        case .toServer:
            guard faults.toServer.cut?.isOnce == true else { return }
            faults.toServer.cut = nil
        case .toClient:
            guard faults.toClient.cut?.isOnce == true else { return }
            faults.toClient.cut = nil
        }
        for link in links { link.disarmCut(direction) }
    }

    private func refuse(_ isRefusing: Bool) {
        if isRefusing, listener >= 0 {
            close(listener)
            listener = -1
        } else if !isRefusing, listener < 0 {
            listener = (try? Self.listen(on: port)) ?? -1
        }
    }

    /// Listens again where the port was listened on a moment ago: a process that is just being started holds what was open
    /// when it was forked until it becomes another program.
    private static func listen(on port: UInt16) throws -> Int32 {
        let descriptor = try Deadline(after: .seconds(10)).poll(every: .milliseconds(2)) {
            try tryToListen(on: port)
        }
        guard let descriptor else { throw problem(port, EADDRINUSE) }
        return descriptor
    }

    /// - Returns: nil where the port is still in use.
    private static func tryToListen(on port: UInt16) throws -> Int32? {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_INET, kind, 0)
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = loopback(port)
        let isListening = withSocketAddress(&address) {
            bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 && Glibc.listen(descriptor, 128) == 0
        }
        if isListening { return descriptor }
        let code = errno
        close(descriptor)
        if code == EADDRINUSE { return nil }
        throw problem(port, code)
    }

    private static func problem(_ port: UInt16, _ code: Int32) -> LocalServerError {
        LocalServerError.system("listening on port \(port)", subject: "fault proxy", number: code)
    }
}
