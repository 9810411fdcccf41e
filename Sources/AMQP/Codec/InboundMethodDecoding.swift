import CRabbitMQ

extension InboundMethod {
    /// Copies a decoded C record.
    init(copying method: amqp_method_t) {
        let number = unsafe method.id
        guard let decoded = unsafe method.decoded else {
            self = .other(number)
            return
        }
        switch number {
        case AMQP_BASIC_ACK_METHOD:
            let record = unsafe decoded.assumingMemoryBound(to: amqp_basic_ack_t.self).pointee
            self = .basicAck(tag: record.delivery_tag, multiple: record.multiple != 0)
        case AMQP_BASIC_NACK_METHOD:
            let record = unsafe decoded.assumingMemoryBound(to: amqp_basic_nack_t.self).pointee
            self = .basicNack(tag: record.delivery_tag, multiple: record.multiple != 0)
        default:
            self = unsafe Self.rare(number, decoded)
        }
    }

    private static func rare(_ number: UInt32, _ decoded: UnsafeMutableRawPointer) -> InboundMethod {
        switch number >> 16 {
        case 10: unsafe connectionMethod(number, decoded)
        case 20: unsafe channelMethod(number, decoded)
        case 60: unsafe basicMethod(number, decoded)
        default: unsafe topologyMethod(number, decoded)
        }
    }

    private static func connectionMethod(_ number: UInt32, _ decoded: UnsafeMutableRawPointer) -> InboundMethod {
        switch number {
        case AMQP_CONNECTION_START_METHOD:
            let record = unsafe decoded.assumingMemoryBound(to: amqp_connection_start_t.self).pointee
            return unsafe .connectionStart(
                mechanisms: String(copying: record.mechanisms),
                serverProperties: FieldTable(copying: record.server_properties))
        case AMQP_CONNECTION_TUNE_METHOD:
            let record = unsafe decoded.assumingMemoryBound(to: amqp_connection_tune_t.self).pointee
            return .connectionTune(
                channelMax: record.channel_max, frameMax: record.frame_max, heartbeat: record.heartbeat)
        case AMQP_CONNECTION_OPEN_OK_METHOD: return .connectionOpenOK
        case AMQP_CONNECTION_CLOSE_METHOD:
            let record = unsafe decoded.assumingMemoryBound(to: amqp_connection_close_t.self).pointee
            return unsafe .connectionClose(code: record.reply_code, text: String(copying: record.reply_text))
        case AMQP_CONNECTION_CLOSE_OK_METHOD: return .connectionCloseOK
        case AMQP_CONNECTION_BLOCKED_METHOD:
            let record = unsafe decoded.assumingMemoryBound(to: amqp_connection_blocked_t.self).pointee
            return unsafe .connectionBlocked(reason: String(copying: record.reason))
        case AMQP_CONNECTION_UNBLOCKED_METHOD: return .connectionUnblocked
        default: return .other(number)
        }
    }

    private static func channelMethod(_ number: UInt32, _ decoded: UnsafeMutableRawPointer) -> InboundMethod {
        switch number {
        case AMQP_CHANNEL_OPEN_OK_METHOD: return .channelOpenOK
        case AMQP_CHANNEL_FLOW_METHOD:
            return .channelFlow(
                active: unsafe decoded.assumingMemoryBound(to: amqp_channel_flow_t.self).pointee.active != 0)
        case AMQP_CHANNEL_CLOSE_METHOD:
            let record = unsafe decoded.assumingMemoryBound(to: amqp_channel_close_t.self).pointee
            return unsafe .channelClose(code: record.reply_code, text: String(copying: record.reply_text))
        case AMQP_CHANNEL_CLOSE_OK_METHOD: return .channelCloseOK
        default: return .other(number)
        }
    }

    private static func basicMethod(_ number: UInt32, _ decoded: UnsafeMutableRawPointer) -> InboundMethod {
        switch number {
        case AMQP_BASIC_QOS_OK_METHOD: return .basicQosOK
        case AMQP_BASIC_CONSUME_OK_METHOD:
            let record = unsafe decoded.assumingMemoryBound(to: amqp_basic_consume_ok_t.self).pointee
            return unsafe .basicConsumeOK(tag: String(copying: record.consumer_tag))
        case AMQP_BASIC_CANCEL_OK_METHOD:
            let record = unsafe decoded.assumingMemoryBound(to: amqp_basic_cancel_ok_t.self).pointee
            return unsafe .basicCancelOK(tag: String(copying: record.consumer_tag))
        case AMQP_BASIC_CANCEL_METHOD:
            let record = unsafe decoded.assumingMemoryBound(to: amqp_basic_cancel_t.self).pointee
            return unsafe .basicCancel(tag: String(copying: record.consumer_tag))
        default: return .other(number)
        }
    }

    private static func topologyMethod(_ number: UInt32, _ decoded: UnsafeMutableRawPointer) -> InboundMethod {
        switch number {
        case AMQP_EXCHANGE_DECLARE_OK_METHOD: return .exchangeDeclareOK
        case AMQP_EXCHANGE_DELETE_OK_METHOD: return .exchangeDeleteOK
        case AMQP_EXCHANGE_BIND_OK_METHOD: return .exchangeBindOK
        case AMQP_QUEUE_DECLARE_OK_METHOD:
            let record = unsafe decoded.assumingMemoryBound(to: amqp_queue_declare_ok_t.self).pointee
            return unsafe .queueDeclareOK(
                name: String(copying: record.queue), messageCount: record.message_count,
                consumerCount: record.consumer_count)
        case AMQP_QUEUE_BIND_OK_METHOD: return .queueBindOK
        case AMQP_QUEUE_UNBIND_OK_METHOD: return .queueUnbindOK
        case AMQP_QUEUE_PURGE_OK_METHOD:
            let record = unsafe decoded.assumingMemoryBound(to: amqp_queue_purge_ok_t.self).pointee
            return .queuePurgeOK(messageCount: record.message_count)
        case AMQP_QUEUE_DELETE_OK_METHOD:
            let record = unsafe decoded.assumingMemoryBound(to: amqp_queue_delete_ok_t.self).pointee
            return .queueDeleteOK(messageCount: record.message_count)
        case AMQP_CONFIRM_SELECT_OK_METHOD: return .confirmSelectOK
        default: return .other(number)
        }
    }
}
