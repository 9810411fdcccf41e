/// The data of a COPY from the server, in chunks of whole rows as the server sends them.
///
/// What has not been asked for stays at the server: memory holds one chunk.
public struct CopyChunks: AsyncSequence {
    let session: Session
    let end: CopyEnd

    public struct AsyncIterator: AsyncIteratorProtocol {
        let session: Session
        let end: CopyEnd

        public mutating func next() async throws(PostgresError) -> [UInt8]? {
            if end.isReached { return nil }
            if Task.isCancelled { throw PostgresError(.cancelled) }
            let chunk = try await session.readCopy(byteCountMax: CopyWriter.byteCountMax)
            if chunk == nil { end.isReached = true }
            return chunk
        }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(session: session, end: end) }
}

/// Whether the rows of a COPY are over. Used by the one task that reads them.
final class CopyEnd {
    var isReached = false
}

/// The rows of a COPY from the server whose statement says `(FORMAT binary)`.
public struct CopyRows: AsyncSequence {
    let chunks: CopyChunks

    public struct AsyncIterator: AsyncIteratorProtocol {
        var chunks: CopyChunks.AsyncIterator
        var reader = CopyRowReader()

        public mutating func next() async throws(PostgresError) -> CopyRow? {
            while true {
                if let row = try reader.next() { return row }
                if reader.isOver {
                    // Behind the mark that ends the rows comes the server's answer.
                    while try await chunks.next() != nil {}
                    return nil
                }
                guard let chunk = try await chunks.next() else { return nil }
                reader.add(chunk)
            }
        }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(chunks: chunks.makeAsyncIterator()) }
}
