/// The name of a prepared statement on its connection: `s1`, `s2`, …; never used twice.
struct StatementName: Hashable, Sendable {
    private let characters: ContiguousArray<CChar>

    init(number: Int) {
        characters = ContiguousArray("s\(number)".utf8CString)
    }

    func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        unsafe characters.withUnsafeBufferPointer { unsafe body($0.baseAddress!) }
    }

    /// The text of the command that frees the statement at the server.
    var deallocation: String {
        unsafe withCString { "DEALLOCATE \(unsafe String(cString: $0))" }
    }
}
