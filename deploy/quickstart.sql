-- The small shop of deploy/quickstart: what an application does in its own transactions.
CREATE SCHEMA shop;

CREATE TABLE shop.orders (
  id int PRIMARY KEY,
  customer text NOT NULL,
  phone text NOT NULL,
  address text NOT NULL,
  item text NOT NULL,
  status text NOT NULL DEFAULT 'placed',  -- then shipped or rejected
  tracking text
);

-- An order and the event that asks the partner to ship it: both, or neither.
CREATE FUNCTION shop.place_order(number int, address text) RETURNS void
LANGUAGE sql AS $fn$
  INSERT INTO shop.orders (id, customer, phone, address, item)
  VALUES (number, 'customer-' || number, '0101234' || lpad(number::text, 4, '0'), address,
          'item-' || number % 5 + 1);
  INSERT INTO outbox.event (topic, key, payload)
  SELECT 'shipment.requested', 'order-' || id,
         json_build_object('order_id', 'order-' || id, 'address', orders.address,
                           'items', json_build_array(json_build_object('sku', item, 'quantity', 1)))
  FROM shop.orders WHERE id = number;
$fn$;

-- Takes in what became of the shipments: the relay inserts a shipment.accepted or shipment.failed
-- in the transaction that records how the delivery ended, with the partner's answer in it. A shop
-- with a web service would have these events sent to it; this one reads them from its own database.
CREATE FUNCTION shop.take_answers() RETURNS void
LANGUAGE sql AS $fn$
  UPDATE shop.orders SET status = 'rejected'
  FROM outbox.events AS answer
  WHERE answer.topic = 'shipment.failed' AND answer.key = 'order-' || orders.id
    AND orders.status = 'placed';

  WITH shipped AS (
    UPDATE shop.orders
    SET status = 'shipped', tracking = answer.payload::json #>> '{response,body,tracking_number}'
    FROM outbox.events AS answer
    WHERE answer.topic = 'shipment.accepted' AND answer.key = 'order-' || orders.id
      AND orders.status <> 'shipped'
    RETURNING orders.*
  )
  INSERT INTO outbox.event (topic, key, payload)
  SELECT 'alimtalk.requested', 'order-' || id,
         json_build_object('phone', phone, 'template_code', 'ORDER_SHIPPED', 'variables',
                           json_build_object('order', 'order-' || id, 'tracking', tracking))
  FROM shipped;
$fn$;

-- One line about now.
CREATE VIEW shop.board AS
SELECT format('%s orders | %s shipped | %s rejected | %s waiting for a retry | %s messages sent',
              count(*), count(*) FILTER (WHERE status = 'shipped'),
              count(*) FILTER (WHERE status = 'rejected'),
              (SELECT sum(retrying + blocked) FROM outbox.status),
              (SELECT count(*) FROM outbox.delivery
               WHERE destination = 'kakao' AND state = 'delivered')) AS line
FROM shop.orders;

-- What became of each order, and why.
CREATE VIEW shop.result AS
SELECT o.id AS order, o.status, o.tracking, s.attempts,
       CASE WHEN l.id > 0 THEN format('%s, %s: %s', l.reason, l.http_status, left(l.answer, 50)) END
         AS why,
       m.state AS message
FROM shop.orders o
LEFT JOIN LATERAL (SELECT * FROM outbox.delivery d
                   WHERE d.destination = 'cj' AND d.key = 'order-' || o.id
                   ORDER BY d.event_id DESC LIMIT 1) s ON true
LEFT JOIN outbox.dead_letters l ON l.event_id = s.event_id
LEFT JOIN outbox.delivery m ON m.destination = 'kakao' AND m.key = 'order-' || o.id
ORDER BY o.id;
