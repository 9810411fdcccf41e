import Glibc

/// Which process writes to a kept folder, put down there before it begins.
///
/// When the owner of a folder is killed, whatever lock it held is free at once, while its watchdog still gives the server
/// time to end. Two servers on the same data would ruin it, so whoever uses the folder next ends the first one before. It is
/// known by id *and* start time: a stranger that got the id is never hit.
package struct ServerRecord: Sendable, Hashable {
    let process: ProcessIdentity
    let farewell: Watchdog.Farewell

    private static let name = "process"

    /// Ends the server that an earlier owner left in the folder, if it is there still, and waits until it is gone.
    ///
    /// - Parameter folder: A kept folder that nobody else uses; it may not be there.
    /// - Throws: where the process cannot be ended.
    package static func endServer(leftIn folder: String) async throws {
        try await onOwnThread { try endLeftServer(in: folder) }
    }

    /// As `endServer`, on a thread that may block.
    static func endLeftServer(in folder: String) throws {
        guard let record = readFile("\(folder)/\(name)").flatMap(ServerRecord.init(text:)),
            belongs(record.process, toOwnerOf: folder)
        else { return }
        try record.end(in: folder)
    }

    /// Whoever may write the record may end the process anyhow: root ends nobody else's for them.
    private static func belongs(_ process: ProcessIdentity, toOwnerOf folder: String) -> Bool {
        var (own, found) = (stat(), stat())
        return stat(folder, &own) == 0 && stat("/proc/\(process.pid)", &found) == 0 && own.st_uid == found.st_uid
    }

    static func put(_ record: ServerRecord, in folder: ServerFolder) throws { try folder.write(name, record.text) }

    private func end(in folder: String) throws {
        // Those of a killed postmaster outlive it for a moment.
        let children = ProcessTable.children(of: process.pid)
        guard process.isAlive else { return }
        process.send(farewell.signal)
        if !hasEnded(within: farewell.grace) {
            // It leads its own group (`Launch.hasOwnSession`).
            if process.isAlive { kill(-process.pid, SIGKILL) }
            guard hasEnded(within: .seconds(10)) else {
                throw LocalServerError(
                    .wrongState, subject: folder, problem: "process \(process.pid) of an earlier start writes to it",
                    remedy: "end that process, as the user it belongs to")
            }
        }
        ProcessTable.end(children, within: .seconds(10))
    }

    private func hasEnded(within limit: Duration) -> Bool {
        Deadline(after: limit).poll { process.isAlive ? nil : true } ?? false
    }
}

extension ServerRecord {
    /// One line: id, start time, signal, seconds of grace, and the boot since which the start time counts.
    var text: String {
        let seconds = farewell.grace.components.seconds
        return "\(process.pid) \(process.startTime) \(farewell.signal) \(seconds) \(Self.boot)\n"
    }

    private static var boot: Substring {
        readFile("/proc/sys/kernel/random/boot_id")?.split(whereSeparator: \.isWhitespace).first ?? "unknown"
    }

    /// Reads the line back; nil where it is something else.
    init?(text: String) {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 5, words[4] == Self.boot, let pid = Int32(words[0]), pid > 1,
            let startTime = UInt64(words[1]),
            let signal = Int32(words[2]), let seconds = UInt16(words[3])
        else { return nil }
        process = ProcessIdentity(pid: pid, startTime: startTime)
        farewell = Watchdog.Farewell(signal: signal, grace: .seconds(Int(seconds)))
    }
}
