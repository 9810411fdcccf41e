import Glibc

/// The user a server runs as.
///
/// Started by root, a server steps down to the user its Debian package made: Postgres refuses root, and a broker has no
/// need of it. Started by anyone else, it runs as that user.
package struct Account: Sendable {
    var uid: uid_t
    var gid: gid_t
    /// Put before a command to run it as this account.
    var prefix: [String]

    /// Debian's places of programs; the caller's own PATH is not trusted for servers.
    static let searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    static var current: Account { Account(uid: geteuid(), gid: getegid(), prefix: []) }

    /// Whether this is somebody else than the caller.
    var isSomebodyElse: Bool { !prefix.isEmpty }

    /// The account for a server whose package made `user`; nil when started by root and there is no such user.
    static func server(packageUser user: String) -> Account? {
        guard geteuid() == 0 else { return current }
        guard let (uid, gid) = lookUp(user) else { return nil }
        return Account(uid: uid, gid: gid, prefix: ["setpriv", "--reuid=\(uid)", "--regid=\(gid)", "--init-groups"])
    }

    /// What people call a user; the number where nobody does.
    package static func name(of uid: UInt32) -> String {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16384)
        guard getpwuid_r(uid, &entry, &buffer, buffer.count, &found) == 0, found != nil, let name = entry.pw_name else {
            return "\(uid)"
        }
        return String(cString: name)
    }

    private static func lookUp(_ user: String) -> (uid_t, gid_t)? {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16384)
        guard getpwnam_r(user, &entry, &buffer, buffer.count, &found) == 0, found != nil else { return nil }
        return (entry.pw_uid, entry.pw_gid)
    }
}
