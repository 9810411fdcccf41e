#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Where data of root's servers lies that cannot reach Skald's folder: in a folder of its own below the system's.
///
/// A link in Skald's folder leads to it and goes along when that folder is moved. A link beside the data leads back: only it
/// tells a folder that was moved from a copy, whose system would write to the data of another one.
struct OpenHome: Hashable {
    /// The name of the data in Skald's folder.
    let link: String
    /// Where it lies.
    let data: String

    private static let prefix = "/var/tmp/skald-"

    /// What the link leads to; nil where there is no link, or not one of Skald's to a folder of this user.
    init?(behind link: String) {
        guard let data = linkTarget(link), data.hasPrefix(Self.prefix) else { return nil }
        let names = data.dropFirst(Self.prefix.count).split(separator: "/", omittingEmptySubsequences: false)
        guard names.count == 2, names[1] == link.split(separator: "/").last else { return nil }
        self.link = link
        self.data = data
        var facts = stat()
        guard lstat(home, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR, facts.st_uid == geteuid() else { return nil }
    }

    /// Makes a home, and the link to it.
    init(madeFor link: String) throws(Failure) {
        var template = Array((Self.prefix + "XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw Self.refused("make a folder like", Self.prefix + "XXXXXX") }
        let home = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // The servers' users must get through, and see nothing.
        chmod(home, 0o711)
        self.link = link
        data = "\(home)/\(link.split(separator: "/").last ?? "")"
        try claim()
        guard symlink(data, link) == 0 else { throw Self.refused("link", link) }
    }

    /// Makes the data that of the link.
    ///
    /// - Throws: where it is that of another folder, of which this one is a copy.
    func claim() throws(Failure) {
        if let other = otherLink {
            throw Failure(
                .unavailable, "\(link) leads to the data of \(other)",
                remedy: "If this is a copy, remove the link here: it begins without data then.")
        }
        if linkTarget(backLink) == link { return }
        unlink(backLink)
        guard symlink(link, backLink) == 0 else { throw Self.refused("link", backLink) }
    }

    /// Whether the data is that of this very link; a copy's is not, and that of a folder that was moved is once it was claimed.
    var isClaimed: Bool { linkTarget(backLink) == link }

    /// Another link that leads here and came first.
    var otherLink: String? {
        guard let other = linkTarget(backLink), linkTarget(other) == data else { return nil }
        var (own, found) = (stat(), stat())
        guard lstat(link, &own) == 0, lstat(other, &found) == 0 else { return nil }
        return own.st_ino == found.st_ino && own.st_dev == found.st_dev ? nil : other
    }

    /// Removes what is left of the home once the data is gone, unless there is more in it.
    func remove() {
        unlink(backLink)
        rmdir(home)
    }

    private var home: String { String(data[..<(data.lastIndex(of: "/") ?? data.endIndex)]) }
    private var backLink: String { data + ".link" }

    private static func refused(_ what: String, _ path: String) -> Failure {
        Failure(.unavailable, "cannot \(what) \(path): \(String(cString: strerror(errno)))")
    }
}

/// Where a symbolic link leads, as it says; nil where there is none.
func linkTarget(_ path: String) -> String? {
    var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(path, &bytes, bytes.count)
    return count > 0 ? String(decoding: bytes.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
}
