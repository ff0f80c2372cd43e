-- A ledger as the program with schema 1 left it: written by its ledger, put out by sqlite3's iterdump, never edited.
PRAGMA application_id = 1952664676;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE audit (
        run_id TEXT NOT NULL, n INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL,
        ref TEXT NOT NULL, digest TEXT NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (run_id, n)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "audit" VALUES('r1',1,3,1700000040000,'entry','transfer:binance:more','906cedc05e50f73044d05aa29ac8cae30e6dad59ff489a38ec5e5fafac74fe0b','a0ab9beb679962bb10feab8aa52c5a47d4b712b99468a7bf43cb409322443fb1');
INSERT INTO "audit" VALUES('r1',2,4,1700000040001,'order','t00000001','bf92551625a3ac232253ae1068816cf40651873389c341472e8f7a31ce3aebfa','5b1245c569796ca122ea8a59149f833c6da58c815270c50034d2f8e4f8d54634');
INSERT INTO "audit" VALUES('r1',3,4,1700000040001,'decision','1','62427f1eabbc34f72f2dde1a82faf2a3adcd79767290de122840c51a503524ee','43e37c66bd9ecf94f6e36e952f867acdbec21573403e81b5ff437a007e834ea7');
INSERT INTO "audit" VALUES('r1',4,5,1700000040002,'fill','BTCUSDT@binance:1','1e0cf5a1e8bafe75725f790fa80f932ef361c0f7d4db97d8c52e68ef5870932a','838478f13e053f8ca87fec41d562153e30bbc239989d4bf6b629c2f60efa8291');
INSERT INTO "audit" VALUES('r1',5,5,1700000040002,'order','t1','8019803e9ab831105e4654612af846ed96170653b71da5e7a58aea1a3ed0e91b','bfa8f8f781d6a8ece480accd02d0cde5e1cb096616d2b1e3b38bfa58546317dd');
INSERT INTO "audit" VALUES('r1',6,5,1700000040002,'entry','BTCUSDT@binance:1:fee','7671767202be43ef7e14fc0049daa29bf707081076ca1ba8ebde4fefddd1ecbe','8a498c34b089b84af869615cb1c496269be74166ef1d4af71f00ff32905c577f');
INSERT INTO "audit" VALUES('r1',7,6,1700000040003,'fill','BTCUSDT@binance:2','e57b981fe3a5b398d4305bf2a61f205539482095b462305b40835c929d5dd433','f77d5b00fe370c02504dbd21842c5c2f474e9d18d001b209aa2bee6601a299ab');
INSERT INTO "audit" VALUES('r1',8,6,1700000040003,'order','t1','9b8d654ac5297cd65e85eda5c45ae7d2a4a16004be8151867e5058161dff5407','a119d3b670141f242da472d1a9a893b72a0e96728553c19fbd541a24aa626f30');
INSERT INTO "audit" VALUES('r1',9,7,1700000040010,'latch','LatchSet','4f71ac048dee5f8511c8b6de217e8e088358771d953cafa6972f9e3665f1dd5a','4ad77049898e4ba5a9e7d8804970688dd9beb5d6ecd0760c269ae39dc5965720');
INSERT INTO "audit" VALUES('r1',10,8,1700000040011,'latch','LatchReleased','3f3fa938655f5b51a5075229720f8dd5a528b20c3a0d7a11f623dfc8e1a745af','d21c594782066239765433593136cec0b4daf85f145a50446474621c5f4fc750');
CREATE TABLE decisions (
        run_id TEXT NOT NULL, number INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL,
        trigger TEXT NOT NULL, equity TEXT, body TEXT NOT NULL, PRIMARY KEY (run_id, number)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "decisions" VALUES('r1',1,4,1700000040001,'operator','100000.1','{"number":1,"at":1700000040001,"trigger":"operator","state":"ACTIVE","inputs":[],"proposals":[{"source":"manual","instrument":"BTCUSDT@binance","wanted":"buy 0.01","reason":"","verdict":"pass","why":""}],"netting":[],"checks":[{"name":"latch","value":"none","threshold":"none","verdict":"pass","scope":"BTCUSDT@binance"},{"name":"form","value":"well formed","threshold":"venue steps","verdict":"pass","scope":"BTCUSDT@binance"},{"name":"reduce_only","value":"buy 0.01","threshold":"position 0","verdict":"pass","scope":"BTCUSDT@binance"},{"name":"min_notional","value":"600.00","threshold":"5.00","verdict":"pass","scope":"BTCUSDT@binance"},{"name":"data","value":"fresh","threshold":"5 s","verdict":"pass","scope":"BTCUSDT@binance"},{"name":"unknown_orders","value":"0","threshold":"0","verdict":"pass","scope":"BTCUSDT@binance"},{"name":"collar","value":"-1.67%","threshold":"5.00%","verdict":"pass","scope":"BTCUSDT@binance"},{"name":"order_notional","value":"600.00","threshold":"20000.00","verdict":"pass","scope":"BTCUSDT@binance"},{"name":"symbol","value":"6.60%","threshold":"50.00%","verdict":"pass","scope":"BTCUSDT@binance"},{"name":"venue","value":"6.60%","threshold":"100.00%","verdict":"pass","scope":"BTCUSDT@binance"},{"name":"gross","value":"6.60%","threshold":"200.00%","verdict":"pass","scope":"BTCUSDT@binance"},{"name":"net","value":"6.60%","threshold":"100.00%","verdict":"pass","scope":"BTCUSDT@binance"},{"name":"open_orders","value":"2","threshold":"50","verdict":"pass","scope":"BTCUSDT@binance"},{"name":"order_rate","value":"2/min","threshold":"100/min","verdict":"pass","scope":"BTCUSDT@binance"},{"name":"self_cross","value":"none","threshold":"none","verdict":"pass","scope":"BTCUSDT@binance"}],"orders":["t00000001"],"cancels":[],"equity":"100000.10","drawdown_pct":0.0,"notices":[]}');
CREATE TABLE entries (
        scope TEXT NOT NULL, ref TEXT NOT NULL, run_id TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL,
        ts INTEGER NOT NULL, venue TEXT NOT NULL, coin TEXT NOT NULL, amount TEXT NOT NULL, kind TEXT NOT NULL,
        instrument TEXT, PRIMARY KEY (scope, ref)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "entries" VALUES('r1','BTCUSDT@binance:1:fee','r1',5,1700000040002,1700000040000,'binance','USDT','-1.23456789','fee','BTCUSDT@binance');
INSERT INTO "entries" VALUES('r1','transfer:binance:more','r1',3,1700000040000,1700000040000,'binance','USDT','0.1','transfer',NULL);
CREATE TABLE fills (
        scope TEXT NOT NULL, instrument TEXT NOT NULL, trade_id TEXT NOT NULL, run_id TEXT NOT NULL,
        seq INTEGER NOT NULL, at INTEGER NOT NULL, ts INTEGER NOT NULL, client_id TEXT, body TEXT NOT NULL,
        PRIMARY KEY (scope, instrument, trade_id)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "fills" VALUES('r1','BTCUSDT@binance','1','r1',5,1700000040002,1700000040000,'t1','{"type":"Fill","instrument":"BTCUSDT@binance","trade_id":"1","client_id":"t1","side":"buy","qty":"0.04","price":"60000.1","fee":"1.23456789","fee_coin":"USDT","liquidity":"maker","ts":1700000040000,"cause":""}');
INSERT INTO "fills" VALUES('r1','BTCUSDT@binance','2','r1',6,1700000040003,1700000040000,'t1','{"type":"Fill","instrument":"BTCUSDT@binance","trade_id":"2","client_id":"t1","side":"buy","qty":"0.06","price":"60000.2","fee":"0","fee_coin":"USDT","liquidity":"maker","ts":1700000040000,"cause":""}');
CREATE TABLE heartbeat (
        id INTEGER PRIMARY KEY CHECK (id = 1), run_id TEXT NOT NULL, at INTEGER NOT NULL, real_at INTEGER NOT NULL,
        pid INTEGER NOT NULL, body TEXT NOT NULL
    ) STRICT;
CREATE TABLE lease (
        id INTEGER PRIMARY KEY CHECK (id = 1), fence INTEGER NOT NULL, holder TEXT NOT NULL
    ) STRICT;
INSERT INTO "lease" VALUES(1,1,'test');
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
INSERT INTO "meta" VALUES('mode','replay');
INSERT INTO "meta" VALUES('account','a');
CREATE TABLE notices (
        run_id TEXT NOT NULL, seq INTEGER NOT NULL, n INTEGER NOT NULL, at INTEGER NOT NULL, severity TEXT NOT NULL,
        topic TEXT NOT NULL, instrument TEXT, text TEXT NOT NULL, PRIMARY KEY (run_id, seq, n)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "notices" VALUES('r1',5,0,1700000040002,'critical','order','BTCUSDT@binance','correction: t1 filled before it was marked as sent');
INSERT INTO "notices" VALUES('r1',5,1,1700000040002,'note','fill','BTCUSDT@binance','BUY 0.04 BTCUSDT@binance at 60000.1 (maker)');
INSERT INTO "notices" VALUES('r1',6,0,1700000040003,'note','fill','BTCUSDT@binance','BUY 0.06 BTCUSDT@binance at 60000.2 (maker)');
INSERT INTO "notices" VALUES('r1',7,0,1700000040010,'warn','kill',NULL,'halted: drill é "quoted"');
CREATE TABLE orders (
        run_id TEXT NOT NULL, client_id TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL,
        status TEXT NOT NULL, instrument TEXT NOT NULL, source TEXT NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (run_id, client_id, seq)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "orders" VALUES('r1','t00000001',4,1700000040001,'INTENT','BTCUSDT@binance','manual','{"client_id":"t00000001","request":{"instrument":"BTCUSDT@binance","side":"buy","qty":"0.01","type":"limit","source":"manual","price":"59000","trigger":null,"tif":"gtc","post_only":false,"reduce_only":false,"protective":false,"group":null,"reason":""},"status":"INTENT","created_at":1700000040001,"updated_at":1700000040001,"reserved":"600.000","filled":"0","cost":"0","venue_id":null,"cancel_pending":false,"final_filled":null,"reason":"","next_check_at":null}');
INSERT INTO "orders" VALUES('r1','t1',5,1700000040002,'OPEN','BTCUSDT@binance','grid','{"client_id":"t1","request":{"instrument":"BTCUSDT@binance","side":"buy","qty":"0.1","type":"limit","source":"grid","price":"60000","trigger":null,"tif":"gtc","post_only":false,"reduce_only":false,"protective":false,"group":null,"reason":""},"status":"OPEN","created_at":1700000040000,"updated_at":1700000040002,"reserved":"0","filled":"0.04","cost":"2400.004","venue_id":null,"cancel_pending":false,"final_filled":null,"reason":"","next_check_at":null}');
INSERT INTO "orders" VALUES('r1','t1',6,1700000040003,'FILLED','BTCUSDT@binance','grid','{"client_id":"t1","request":{"instrument":"BTCUSDT@binance","side":"buy","qty":"0.1","type":"limit","source":"grid","price":"60000","trigger":null,"tif":"gtc","post_only":false,"reduce_only":false,"protective":false,"group":null,"reason":""},"status":"FILLED","created_at":1700000040000,"updated_at":1700000040003,"reserved":"0","filled":"0.10","cost":"6000.016","venue_id":null,"cancel_pending":false,"final_filled":null,"reason":"","next_check_at":null}');
CREATE TABLE reports (
        run_id TEXT NOT NULL, topic TEXT NOT NULL, focus TEXT NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (run_id, topic, focus, at)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "reports" VALUES('r1','vol.show','BTCUSDT@binance',1700000040012,'{"type":"Quote","instrument":"BTCUSDT@binance","ts":1700000040000,"bid":1.0,"bid_qty":1.0,"ask":2.0,"ask_qty":1.0,"sequence":0}');
CREATE TABLE runs (
        run_id TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, mode TEXT NOT NULL, started INTEGER NOT NULL,
        config_digest TEXT NOT NULL, body TEXT NOT NULL, finished INTEGER, summary TEXT
    ) STRICT;
INSERT INTO "runs" VALUES('r1',1,'replay',1700000040000,'c','{"run_id":"r1","mode":"replay","started":1700000040000,"seed":1,"config_digest":"c","config":{},"data":{"x":1},"code":"0"}',NULL,NULL);
CREATE TABLE steps (
        run_id TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (run_id, seq)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "steps" VALUES('r1',3,1700000040000,'Transferred','{"type":"Transferred","venue":"binance","coin":"USDT","amount":"0.10","ts":1700000040000,"ref":"more","kind":"transfer"}');
INSERT INTO "steps" VALUES('r1',4,1700000040001,'OrderAsked','{"type":"OrderAsked","request":{"instrument":"BTCUSDT@binance","side":"buy","qty":"0.01","type":"limit","source":"manual","price":"59000","trigger":null,"tif":"gtc","post_only":false,"reduce_only":false,"protective":false,"group":null,"reason":""},"ts":1700000040000,"key":""}');
INSERT INTO "steps" VALUES('r1',5,1700000040002,'Fill','{"type":"Fill","instrument":"BTCUSDT@binance","trade_id":"1","client_id":"t1","side":"buy","qty":"0.04","price":"60000.1","fee":"1.23456789","fee_coin":"USDT","liquidity":"maker","ts":1700000040000,"cause":""}');
INSERT INTO "steps" VALUES('r1',6,1700000040003,'Fill','{"type":"Fill","instrument":"BTCUSDT@binance","trade_id":"2","client_id":"t1","side":"buy","qty":"0.06","price":"60000.2","fee":"0","fee_coin":"USDT","liquidity":"maker","ts":1700000040000,"cause":""}');
INSERT INTO "steps" VALUES('r1',7,1700000040010,'LatchSet','{"type":"LatchSet","latch":{"level":"halt","scope":{"kind":"all","name":""},"reason":"drill","by":"operator","at":1700000040000},"ts":1700000040010}');
INSERT INTO "steps" VALUES('r1',8,1700000040011,'LatchReleased','{"type":"LatchReleased","scope":{"kind":"all","name":""},"reason":"over","ts":1700000040011,"level":null}');
CREATE INDEX fills_in_order ON fills (run_id, seq);
CREATE INDEX entries_in_order ON entries (run_id, seq);
COMMIT;
