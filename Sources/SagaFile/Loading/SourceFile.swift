#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The bytes of a file and the name that messages call it by.
package struct SourceFile: Hashable, Sendable {
    package let path: String
    package let bytes: [UInt8]

    package init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }

    package init(path: String, text: String) {
        self.init(path: path, bytes: Array(text.utf8))
    }

    /// Reads a file, but never more of it than the limit and one byte.
    ///
    /// - Throws: `DefinitionError` with the system's reason.
    package static func read(_ path: String, byteCountMax: Int = Limits.written.byteCountMax) throws(DefinitionError)
        -> SourceFile
    {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw unreadable(path, because: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw unreadable(path, because: errno) }
        // A pipe or a device could hang or never end.
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw unreadable(path, because: status.st_mode & S_IFMT == S_IFDIR ? EISDIR : EINVAL)
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= byteCountMax {
            let count = Glibc.read(descriptor, &buffer, min(buffer.count, byteCountMax + 1 - bytes.count))
            if count == 0 { break }
            if count < 0 {
                if errno == EINTR { continue }
                throw unreadable(path, because: errno)
            }
            bytes += buffer[..<count]
        }
        return SourceFile(path: path, bytes: bytes)
    }

    private static func unreadable(_ path: String, because code: Int32) -> DefinitionError {
        DefinitionError([
            Diagnostic(
                file: path, mark: .start, code: .fileUnreadable,
                message: "cannot read the file: \(String(cString: strerror(code)))")
        ])
    }
}

/// The names in a folder.
package enum Folder {
    /// Returns the paths of the files below `path` whose name ends with `suffix`, sorted; nil if it is no folder.
    ///
    /// Names that begin with a dot are passed over, and so is what lies deeper than a few folders.
    package static func files(below path: String, suffix: String, depthMax: Int = 6) -> [String]? {
        guard let names = names(in: path) else { return nil }
        var found: [String] = []
        for name in names {
            let inner = path.hasSuffix("/") ? path + name : path + "/" + name
            if depthMax > 0, let deeper = files(below: inner, suffix: suffix, depthMax: depthMax - 1) {
                found += deeper
            } else if name.hasSuffix(suffix) {
                found.append(inner)
            }
        }
        return found
    }

    package static func exists(_ path: String) -> Bool { names(in: path) != nil }

    private static func names(in path: String) -> [String]? {
        guard let stream = opendir(path) else { return nil }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { raw in
                String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }
}
