#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Keeps a log from growing for ever: at a start a large one becomes the older part, and the older part goes.
enum LogRotation {
    static let byteCountMax = 16 << 20

    static func rotate(_ path: String) throws(Failure) {
        var facts = stat()
        guard stat(path, &facts) == 0, facts.st_size > byteCountMax else { return }
        guard rename(path, path + ".1") == 0 else {
            throw Failure(.unavailable, "cannot rename \(path): \(String(cString: strerror(errno)))")
        }
    }
}
