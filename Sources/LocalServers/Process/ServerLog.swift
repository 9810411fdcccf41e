import Glibc

/// What a server writes from one of its starts on. What stands before in its log is no reason for anything that fails now.
struct ServerLog: Sendable {
    let path: String
    private let startByteCount: Int

    /// A kept log is not to grow for ever.
    private static let byteCountMax = 16 << 20
    /// More than any start writes; an error quotes a few lines of it.
    private static let readByteCountMax = 4 << 20

    /// Looks where the log ends, before a start. A large one becomes the older part, and the older part goes.
    init(beforeStart path: String, byteCountMax: Int = Self.byteCountMax) throws {
        self.path = path
        var facts = stat()
        let byteCount = stat(path, &facts) == 0 ? Int(facts.st_size) : 0
        startByteCount = byteCount > byteCountMax ? 0 : byteCount
        guard byteCount <= byteCountMax || rename(path, path + ".1") == 0 else {
            throw LocalServerError.system("rename \(path)", subject: "server log")
        }
    }

    /// What was written since, of very much only the end.
    var text: String {
        guard let file = fopen(path, "re") else { return "" }
        defer { fclose(file) }
        guard fseek(file, 0, SEEK_END) == 0 else { return "" }
        let end = ftell(file)
        let start = max(startByteCount, end - Self.readByteCountMax)
        guard end > start, fseek(file, start, SEEK_SET) == 0 else { return "" }
        var bytes = [UInt8](repeating: 0, count: end - start)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    /// The last lines of what was written since.
    func lastLines(_ count: Int) -> String { text.split(separator: "\n").suffix(count).joined(separator: "\n") }
}
