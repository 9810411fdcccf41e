/// How much of a file is read before it is refused. Every limit is far above any honest file.
package struct Limits: Sendable {
    /// Bytes of the whole file.
    package var byteCountMax: Int
    /// Lists and mappings inside each other.
    package var depthMax: Int
    /// Scalars, lists and mappings of the whole file.
    package var nodeCountMax: Int
    /// Bytes of one scalar.
    package var scalarByteCountMax: Int
    /// Diagnostics collected before the rest is left unsaid.
    package var diagnosticCountMax: Int

    /// For files people write: definitions, participants, scenarios.
    package static let written = Limits(
        byteCountMax: 256 << 10, depthMax: 32, nodeCountMax: 20_000, scalarByteCountMax: 16 << 10,
        diagnosticCountMax: 100)

    /// For files a program writes: recorded histories.
    package static let recorded = Limits(
        byteCountMax: 64 << 20, depthMax: 32, nodeCountMax: 5_000_000, scalarByteCountMax: 1 << 20,
        diagnosticCountMax: 20)
}
