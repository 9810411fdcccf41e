import COpenSSL
import Glibc

/// One TLS conversation over a non-blocking socket.
@safe struct TLSSession: ~Copyable {
    private let session: OpaquePointer

    init(_ session: OpaquePointer) {
        unsafe self.session = session
    }

    deinit {
        unsafe SSL_free(session)
    }

    /// Shakes hands before the deadline and verifies the peer.
    func handshake(descriptor: Int32, deadline: UInt64, wake: Int32) throws(AMQPError) {
        while true {
            ERR_clear_error()
            let status = unsafe SSL_connect(session)
            if status == 1 { return }
            switch unsafe SSL_get_error(session, status) {
            case SSL_ERROR_WANT_READ:
                try Poll.wait(descriptor, for: Int16(POLLIN), deadline: deadline, wake: wake, what: "the TLS handshake")
            case SSL_ERROR_WANT_WRITE:
                try Poll.wait(
                    descriptor, for: Int16(POLLOUT), deadline: deadline, wake: wake, what: "the TLS handshake")
            case SSL_ERROR_SYSCALL, SSL_ERROR_ZERO_RETURN:
                throw AMQPError(.connectionClosed, "the broker ended the connection during the TLS handshake")
            default:
                throw handshakeFailure()
            }
        }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> TransferResult {
        ERR_clear_error()
        let count = unsafe SSL_read(session, buffer.baseAddress, Int32(clamping: buffer.count))
        return count > 0 ? .bytes(Int(count)) : result(of: count, "reading from the broker failed")
    }

    /// Writes a prefix; the same bytes or more must be offered again after `wouldBlock`.
    func write(_ buffer: UnsafeRawBufferPointer) -> TransferResult {
        ERR_clear_error()
        let count = unsafe SSL_write(session, buffer.baseAddress, Int32(clamping: buffer.count))
        return count > 0 ? .bytes(Int(count)) : result(of: count, "writing to the broker failed")
    }

    private func result(of status: Int32, _ what: String) -> TransferResult {
        switch unsafe SSL_get_error(session, status) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .wouldBlock
        case SSL_ERROR_ZERO_RETURN: return .ended
        case SSL_ERROR_SYSCALL where errno == 0: return .ended
        case SSL_ERROR_SYSCALL: return .failed(Socket.systemError(what, errno))
        default: return .failed(TLSFailure.last().error(what))
        }
    }

    private func handshakeFailure() -> AMQPError {
        let what = "the TLS handshake failed"
        let verification = unsafe SSL_get_verify_result(session)
        let failure = TLSFailure.last()
        if verification != X509_V_OK {
            let reason = unsafe String(cString: X509_verify_cert_error_string(verification))
            return AMQPError(.tlsFailed, "\(what): the broker's certificate is not accepted: \(reason)")
        }
        return failure.isEndOfStream ? failure.error(what) : AMQPError(.tlsFailed, "\(what): \(failure.reason)")
    }
}
