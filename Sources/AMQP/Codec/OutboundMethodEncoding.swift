import CRabbitMQ

/// A method as the C encoder takes it: a number and a record in scratch memory.
@unsafe struct EncodableMethod {
    let number: UInt32
    let record: UnsafeMutableRawPointer
}

extension Scratch {
    /// Stores the record of a method.
    mutating func method<Record>(_ number: UInt32, _ record: Record) -> EncodableMethod {
        let pointer = unsafe allocate(Record.self, count: 1)
        unsafe pointer.initialize(to: record)
        return unsafe EncodableMethod(number: number, record: UnsafeMutableRawPointer(pointer))
    }
}

extension OutboundMethod {
    /// The method's number and its C record, both valid until the scratch is reset.
    func encodable(_ scratch: inout Scratch) -> EncodableMethod {
        switch self {
        case .connectionStartOK(let properties, let mechanism, let response):
            return unsafe scratch.method(
                AMQP_CONNECTION_START_OK_METHOD,
                amqp_connection_start_ok_t(
                    client_properties: scratch.table(properties), mechanism: scratch.bytes(of: mechanism),
                    response: scratch.bytes(of: response), locale: scratch.bytes(of: "en_US")))
        case .connectionTuneOK(let channelMax, let frameMax, let heartbeat):
            return unsafe scratch.method(
                AMQP_CONNECTION_TUNE_OK_METHOD,
                amqp_connection_tune_ok_t(channel_max: channelMax, frame_max: frameMax, heartbeat: heartbeat))
        case .connectionOpen(let virtualHost):
            return unsafe scratch.method(
                AMQP_CONNECTION_OPEN_METHOD,
                amqp_connection_open_t(
                    virtual_host: scratch.bytes(of: virtualHost), capabilities: amqp_bytes_t(), insist: 0))
        case .connectionClose(let code, let text):
            return unsafe scratch.method(
                AMQP_CONNECTION_CLOSE_METHOD,
                amqp_connection_close_t(
                    reply_code: code, reply_text: scratch.bytes(of: text), class_id: 0, method_id: 0))
        case .connectionCloseOK:
            return unsafe scratch.method(
                AMQP_CONNECTION_CLOSE_OK_METHOD, amqp_connection_close_ok_t())
        case .channelOpen:
            return unsafe scratch.method(
                AMQP_CHANNEL_OPEN_METHOD, amqp_channel_open_t(out_of_band: amqp_bytes_t()))
        case .channelClose(let code, let text):
            return unsafe scratch.method(
                AMQP_CHANNEL_CLOSE_METHOD,
                amqp_channel_close_t(
                    reply_code: code, reply_text: scratch.bytes(of: text), class_id: 0, method_id: 0))
        case .channelCloseOK:
            return unsafe scratch.method(
                AMQP_CHANNEL_CLOSE_OK_METHOD, amqp_channel_close_ok_t())
        case .channelFlowOK(let active):
            return unsafe scratch.method(
                AMQP_CHANNEL_FLOW_OK_METHOD, amqp_channel_flow_ok_t(active: active ? 1 : 0))
        case .exchangeDeclare, .exchangeDelete, .exchangeBind, .queueDeclare, .queueBind, .queueUnbind, .queuePurge,
            .queueDelete:
            return unsafe topologyRecord(&scratch)
        case .basicQos, .basicConsume, .basicCancel, .basicAck, .basicNack, .basicReject, .confirmSelect:
            return unsafe basicRecord(&scratch)
        }
    }

    private func topologyRecord(_ scratch: inout Scratch) -> EncodableMethod {
        switch self {
        case .exchangeDeclare(
            let name, let type, let passive, let durable, let autoDelete, let isInternal, let arguments):
            return unsafe scratch.method(
                AMQP_EXCHANGE_DECLARE_METHOD,
                amqp_exchange_declare_t(
                    ticket: 0, exchange: scratch.bytes(of: name), type: scratch.bytes(of: type),
                    passive: passive ? 1 : 0, durable: durable ? 1 : 0, auto_delete: autoDelete ? 1 : 0,
                    internal: isInternal ? 1 : 0, nowait: 0, arguments: scratch.table(arguments)))
        case .exchangeDelete(let name, let ifUnused):
            return unsafe scratch.method(
                AMQP_EXCHANGE_DELETE_METHOD,
                amqp_exchange_delete_t(
                    ticket: 0, exchange: scratch.bytes(of: name), if_unused: ifUnused ? 1 : 0, nowait: 0))
        case .exchangeBind(let destination, let source, let routingKey, let arguments):
            return unsafe scratch.method(
                AMQP_EXCHANGE_BIND_METHOD,
                amqp_exchange_bind_t(
                    ticket: 0, destination: scratch.bytes(of: destination), source: scratch.bytes(of: source),
                    routing_key: scratch.bytes(of: routingKey), nowait: 0, arguments: scratch.table(arguments)))
        case .queueDeclare(let name, let passive, let durable, let exclusive, let autoDelete, let arguments):
            return unsafe scratch.method(
                AMQP_QUEUE_DECLARE_METHOD,
                amqp_queue_declare_t(
                    ticket: 0, queue: scratch.bytes(of: name), passive: passive ? 1 : 0, durable: durable ? 1 : 0,
                    exclusive: exclusive ? 1 : 0, auto_delete: autoDelete ? 1 : 0, nowait: 0,
                    arguments: scratch.table(arguments)))
        case .queueBind(let queue, let exchange, let routingKey, let arguments):
            return unsafe scratch.method(
                AMQP_QUEUE_BIND_METHOD,
                amqp_queue_bind_t(
                    ticket: 0, queue: scratch.bytes(of: queue), exchange: scratch.bytes(of: exchange),
                    routing_key: scratch.bytes(of: routingKey), nowait: 0, arguments: scratch.table(arguments)))
        case .queueUnbind(let queue, let exchange, let routingKey, let arguments):
            return unsafe scratch.method(
                AMQP_QUEUE_UNBIND_METHOD,
                amqp_queue_unbind_t(
                    ticket: 0, queue: scratch.bytes(of: queue), exchange: scratch.bytes(of: exchange),
                    routing_key: scratch.bytes(of: routingKey), arguments: scratch.table(arguments)))
        case .queuePurge(let name):
            return unsafe scratch.method(
                AMQP_QUEUE_PURGE_METHOD, amqp_queue_purge_t(ticket: 0, queue: scratch.bytes(of: name), nowait: 0))
        case .queueDelete(let name, let ifUnused, let ifEmpty):
            return unsafe scratch.method(
                AMQP_QUEUE_DELETE_METHOD,
                amqp_queue_delete_t(
                    ticket: 0, queue: scratch.bytes(of: name), if_unused: ifUnused ? 1 : 0, if_empty: ifEmpty ? 1 : 0,
                    nowait: 0))
        default: preconditionFailure("\(self) is not a topology method")
        }
    }

    private func basicRecord(_ scratch: inout Scratch) -> EncodableMethod {
        switch self {
        case .basicQos(let prefetchCount):
            return unsafe scratch.method(
                AMQP_BASIC_QOS_METHOD, amqp_basic_qos_t(prefetch_size: 0, prefetch_count: prefetchCount, global: 0))
        case .basicConsume(let queue, let tag, let exclusive, let arguments):
            return unsafe scratch.method(
                AMQP_BASIC_CONSUME_METHOD,
                amqp_basic_consume_t(
                    ticket: 0, queue: scratch.bytes(of: queue), consumer_tag: scratch.bytes(of: tag), no_local: 0,
                    no_ack: 0, exclusive: exclusive ? 1 : 0, nowait: 0, arguments: scratch.table(arguments)))
        case .basicCancel(let tag):
            return unsafe scratch.method(
                AMQP_BASIC_CANCEL_METHOD, amqp_basic_cancel_t(consumer_tag: scratch.bytes(of: tag), nowait: 0))
        case .basicAck(let tag, let multiple):
            return unsafe scratch.method(
                AMQP_BASIC_ACK_METHOD, amqp_basic_ack_t(delivery_tag: tag, multiple: multiple ? 1 : 0))
        case .basicNack(let tag, let multiple, let requeue):
            return unsafe scratch.method(
                AMQP_BASIC_NACK_METHOD,
                amqp_basic_nack_t(delivery_tag: tag, multiple: multiple ? 1 : 0, requeue: requeue ? 1 : 0))
        case .basicReject(let tag, let requeue):
            return unsafe scratch.method(
                AMQP_BASIC_REJECT_METHOD, amqp_basic_reject_t(delivery_tag: tag, requeue: requeue ? 1 : 0))
        case .confirmSelect:
            return unsafe scratch.method(
                AMQP_CONFIRM_SELECT_METHOD, amqp_confirm_select_t(nowait: 0))
        default: preconditionFailure("\(self) is not a method of class basic or confirm")
        }
    }
}
