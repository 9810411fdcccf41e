import Glibc

/// A file by which a postmaster keeps others from its data or its socket: its first line is a process id.
///
/// Postgres takes it for good as long as any process of the same user has that id, which after a power cut may be anyone
/// (`CreateLockFile` in miscinit.c). A postmaster works in the folder of its data, so one that works elsewhere is a stranger.
struct PostmasterLock {
    let path: String
    let data: String

    /// Removes the file if the process that has the id now is seen to be a stranger.
    func removeIfStale() throws {
        guard let pid = processID, worksElsewhere(pid) else { return }
        guard unlink(path) == 0 || errno == ENOENT else {
            throw LocalServerError.system("unlink \(path)", subject: "Postgres cluster")
        }
    }

    /// Negative in the file of a server without a postmaster.
    private var processID: UInt32? {
        let line = readFile(path)?.split(separator: "\n").first
        return line.flatMap { Int32($0) }?.magnitude
    }

    private func worksElsewhere(_ pid: UInt32) -> Bool {
        var (own, found) = (stat(), stat())
        guard stat(data, &own) == 0, stat("/proc/\(pid)/cwd", &found) == 0 else { return false }
        return own.st_ino != found.st_ino || own.st_dev != found.st_dev
    }
}
