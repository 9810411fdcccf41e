#!/usr/bin/env python3
"""A bank as a participant, written from the page "The wire contract" alone. Needs python3-pika and python3-psycopg2."""
import json, os, pika, psycopg2, random, re, time, uuid

QUEUE, LEVELS = "bank.commands", os.environ["BANK_LEVELS"].split(",")
TYPES = {"bank.Deposit": "Deposited", "bank.Reserve": "Reserved", "bank.Release": "Released"}
UNDO = {"bank.Reserve": "do", "bank.Release": "undo"}
NAME = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?\.[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])?")

def new_id():
    value = int(time.time() * 1000) << 80 | 7 << 76 | random.getrandbits(12) << 64 | 2 << 62 | random.getrandbits(62)
    return str(uuid.UUID(int=value))

def sender(p, h):  # who sent it first: who passes it on is believed, nobody else
    return h.get("skald-sender", p.user_id) if p.user_id in ("bank", "skald") else p.user_id
def why_dead(p, h, body):  # the first reason why a message can never be handled, or None
    if len(body) > 1 << 20: return "too-large", "the body is too large"
    step = [h.get(name) for name in ("skald-step", "skald-direction", "skald-try")]
    if (not (p.content_type or "").startswith("application/json") or h.get("cloudEvents_specversion") != "1.0"
            or not p.user_id or not h.get("cloudEvents_source") or not NAME.fullmatch(p.type or "")
            or h.get("cloudEvents_type") != p.type or (any(step) and not (all(step) and p.correlation_id and p.reply_to))):
        return "undecodable", "the outside breaks the contract"
    try: message_id = uuid.UUID(p.message_id)
    except (TypeError, ValueError): return "bad-identifier", "message-id is no UUID"
    if message_id.version != 7: return "bad-identifier", "message-id is no UUID of version 7"
    if h.get("cloudEvents_id") != p.message_id: return "undecodable", "cloudEvents_id differs from message-id"
    if sender(p, h) != "orchestrator": return "unauthorised", "the sender may not send to this queue"
    if p.type not in TYPES: return "unknown-type", "the type is not handled here"
    if (message_id.int >> 80) / 1000 < time.time() - 14 * 86400: return "too-old", "the id is older than the inbox"
    if h.get("x-delivery-count", 0) >= 5: return "crashing", "begun 5 times, alone, without an end"
    try: return None if type(json.loads(body)["amount"]) is int else ("undecodable", "the amount is no integer")
    except (ValueError, KeyError, TypeError): return "undecodable", "the body is no command"
def move(cursor, message_id, account, amount):
    cursor.execute("INSERT INTO account VALUES (%s, 0) ON CONFLICT DO NOTHING", (account,))
    cursor.execute("UPDATE account SET balance = balance + %s WHERE id = %s AND balance + %s >= 0 RETURNING balance",
                   (amount, account, amount))
    for row in cursor.fetchall():
        cursor.execute("INSERT INTO ledger (message, account, amount) VALUES (%s, %s, %s)", (message_id, account, amount))
        return row[0]
def handle(cursor, p, command):  # the reply's name and body, and whether the command was done, None if nobody knows
    if command.get("trick"): raise RuntimeError("the vault is jammed")
    balance = move(cursor, p.message_id, command["account"], command["amount"] * (-1 if p.type == "bank.Reserve" else 1))
    if balance is None: return "Overdrawn", {}, False
    if command.get("isUnclear"): return "ReserveUnclear", {}, None
    return TYPES[p.type], {"balance": balance} if p.type == "bank.Deposit" else {"note": "given back"} if p.type == "bank.Release" else {}, True
def fenced(cursor, p, h, command):  # the same behind the fence of its saga and step
    key = (p.correlation_id, h["skald-step"])
    cursor.execute("INSERT INTO skald.fence (saga, step, state) VALUES (%s, %s, 'new') ON CONFLICT DO NOTHING", key)
    cursor.execute("SELECT state FROM skald.fence WHERE saga = %s AND step = %s FOR UPDATE", key)
    state = cursor.fetchone()[0]
    if UNDO[p.type] == "do" and state not in ("new", "refused"): return "Fenced", {}, False
    nothing = UNDO[p.type] == "undo" and state != "done"
    name, reply, done = (TYPES[p.type], {}, True) if nothing else handle(cursor, p, command)
    if nothing: state = "undone" if state == "undone" else "fenced"
    else: state = ("refused" if done is False else "done") if UNDO[p.type] == "do" else ("undone" if done else "done")
    cursor.execute("UPDATE skald.fence SET state = %s WHERE saga = %s AND step = %s", (state, *key))
    return name, reply, done

def transact(database, p, h, body):  # inbox, effect, stored reply and outbox; the reply's columns, new or stored
    with database, database.cursor() as cursor:
        cursor.execute("INSERT INTO skald.inbox (id, type, saga) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", (p.message_id, p.type, p.correlation_id))
        if cursor.rowcount:
            name, reply, _ = (fenced if p.type in UNDO and h.get("skald-step") else lambda c, p, _, b: handle(c, p, b))(cursor, p, h, json.loads(body))
            columns = (new_id(), p.reply_to or "", json.dumps({"type": "bank." + name, "saga": p.correlation_id, "cause": p.message_id,
                "step": h.get("skald-step"), "direction": h.get("skald-direction"), "try": h.get("skald-try")}), json.dumps(reply, separators=(",", ":")))
            cursor.execute("INSERT INTO skald.reply VALUES (%s, %s, %s, %s, %s)", (p.message_id, *columns))
            cursor.execute("INSERT INTO skald.outbox (id, owner, exchange, routing_key, envelope, body) VALUES (%s, 1, 'skald.replies', %s, %s, %s)", columns)
        cursor.execute("SELECT id, routing_key, envelope, body FROM skald.reply WHERE command_id = %s", (p.message_id,))
        return cursor.fetchone()
def publish(channel, database, reply_id, key, envelope, body):
    e = json.loads(envelope)
    headers = {"cloudEvents_specversion": "1.0", "cloudEvents_id": reply_id, "cloudEvents_source": "/bank", "cloudEvents_type": e["type"],
               "cloudEvents_causationid": e["cause"], "skald-step": e["step"], "skald-direction": e["direction"], "skald-try": e["try"]}
    channel.basic_publish("skald.replies", key, body, pika.BasicProperties(content_type="application/json", delivery_mode=2, message_id=reply_id,
        correlation_id=e["saga"], type=e["type"], user_id="bank", app_id="bank", headers={k: v for k, v in headers.items() if v is not None}), mandatory=True)
    with database, database.cursor() as cursor: cursor.execute("DELETE FROM skald.outbox WHERE id = %s", (reply_id,))
def pass_on(channel, p, h, body, exchange, **more):
    more = {"skald-first-failure-at": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())} | h | {"skald-sender": sender(p, h)} | {k.replace("_", "-"): v for k, v in more.items()}
    p.headers, p.user_id, p.delivery_mode = {k: v for k, v in more.items() if not k.startswith("x-") and k not in ("CC", "BCC")}, "bank", 2
    channel.basic_publish(exchange, QUEUE, body, p, mandatory=True)

def serve(database, channel):
    channel.confirm_delivery()
    channel.basic_qos(prefetch_count=1)  # so that x-delivery-count counts what was begun, and nothing else
    with database, database.cursor() as cursor:
        cursor.execute("SELECT id, routing_key, envelope, body FROM skald.outbox WHERE owner = 1 ORDER BY id")
        for row in cursor.fetchall(): publish(channel, database, *row)
    for method, p, body in channel.consume(QUEUE):
        h, dead = p.headers or {}, why_dead(p, p.headers or {}, body)
        attempt, row = h.get("skald-attempt", 1), None
        try: row = None if dead else transact(database, p, h, body)
        except (psycopg2.OperationalError, psycopg2.InterfaceError): raise  # the ground is gone: start anew, no attempt is lost
        except Exception as error:
            if attempt <= len(LEVELS): pass_on(channel, p, h, body, "bank.retry." + LEVELS[attempt - 1], skald_attempt=attempt + 1, skald_last_error=str(error)[:1024])
            else: dead = "attempts-exhausted", str(error)[:1024]
        if dead: pass_on(channel, p, h, body, "skald.dead", skald_attempt=attempt, skald_dead_reason=dead[0], skald_last_error=dead[1])
        if row and row[1]: publish(channel, database, *row)
        channel.basic_ack(method.delivery_tag)

while True:
    try: serve(psycopg2.connect(os.environ["BANK_DSN"]), pika.BlockingConnection(pika.URLParameters(os.environ["BANK_BROKER"])).channel())
    except (pika.exceptions.AMQPError, psycopg2.Error) as error: print("starting anew:", repr(error), flush=True); time.sleep(0.5)
