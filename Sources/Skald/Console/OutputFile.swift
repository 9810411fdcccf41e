#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Files that the tool writes.
enum OutputFile {
    /// Writes the text beside the file and puts it in place, so that nobody ever sees half a file.
    static func write(_ text: String, to path: String, isExecutable: Bool = false) throws(Failure) {
        let beside = path + ".part"
        guard let file = fopen(beside, "w") else { throw unwritable(path) }
        let bytes = Array(text.utf8)
        let written = fwrite(bytes, 1, bytes.count, file)
        if isExecutable { fchmod(fileno(file), 0o755) }
        guard fclose(file) == 0, written == bytes.count, rename(beside, path) == 0 else {
            unlink(beside)
            throw unwritable(path)
        }
    }

    /// Makes a folder, and those above it, unless they are there.
    static func makeFolder(_ path: String) throws(Failure) {
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            made += part
            if mkdir(made, 0o777) != 0, errno != EEXIST { throw unwritable(made) }
            made += "/"
        }
    }

    private static func unwritable(_ path: String) -> Failure {
        Failure(.badInput, "cannot write \(path): \(String(cString: strerror(errno)))")
    }
}
