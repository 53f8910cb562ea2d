// Decides that the answers reach who asks by AWS's SDK for JavaScript as its documentation has them: values, pages, waiters,
// checksums, and errors as classes with what belongs to them. Run by javascript.py; one line for each check.
"use strict";
const { isDeepStrictEqual } = require("node:util");
const cloudwatch = require("@aws-sdk/client-cloudwatch");
const logs = require("@aws-sdk/client-cloudwatch-logs");
const dynamodb = require("@aws-sdk/client-dynamodb");
const document = require("@aws-sdk/lib-dynamodb");
const eventbridge = require("@aws-sdk/client-eventbridge");
const lambda = require("@aws-sdk/client-lambda");
const pipes = require("@aws-sdk/client-pipes");
const sqs = require("@aws-sdk/client-sqs");
const sts = require("@aws-sdk/client-sts");
const { Consumer } = require("sqs-consumer");

const TABLE = "NewOrders";
const once = { maxAttempts: 1 };
const shown = (value) => JSON.stringify(value, (_, one) => (one instanceof Set ? [...one] : one));

function equal(name, seen, expected) {
  if (isDeepStrictEqual(seen, expected)) console.log(`ok ${name}`);
  else console.log(`FAILED ${name}: expected ${shown(expected)}, saw ${shown(seen)}`);
}

// A call is refused: as this class, with this text in its message and this status; the error is given back.
async function refuses(name, call, kind, text, status) {
  let error;
  try {
    error = { name: "none", message: `but ${shown(await call())}` };
  } catch (thrown) {
    error = thrown;
  }
  const fits = error.message?.includes(text);
  equal(name, [error.name, fits ? text : error.message, error.$metadata?.httpStatusCode], [kind, text, status]);
  return error;
}

async function tables() {
  const bare = new dynamodb.DynamoDBClient(once);
  const client = document.DynamoDBDocumentClient.from(bare);
  const key = (orderId) => ({ TableName: TABLE, Key: { orderId } });
  const item = {
    orderId: "J-1", total: 12.5, paid: false, none: null, tags: new Set(["a", "b"]), sizes: new Set([1, 2]),
    lines: [{ sku: "x", count: 2 }, []], bytes: new Uint8Array([0, 255]),
  };
  await client.send(new document.PutCommand({ TableName: TABLE, Item: item }));
  equal("DynamoDB: an item comes back as it went", (await client.send(new document.GetCommand(key("J-1")))).Item, item);
  const update = new document.UpdateCommand({
    ...key("J-1"), UpdateExpression: "SET #t = #t + :more REMOVE #n", ExpressionAttributeNames: { "#t": "total", "#n": "none" },
    ExpressionAttributeValues: { ":more": 1 }, ReturnValues: "UPDATED_NEW",
  });
  equal("DynamoDB: an update tells what it changed", (await client.send(update)).Attributes, { total: 13.5 });
  const error = await refuses("DynamoDB: a condition that does not hold", () => client.send(new document.DeleteCommand({
    ...key("J-1"), ConditionExpression: "attribute_not_exists(orderId)", ReturnValuesOnConditionCheckFailure: "ALL_OLD",
  })), "ConditionalCheckFailedException", "The conditional request failed", 400);
  equal("and the item comes with it", error.Item?.orderId, { S: "J-1" });
  const ids = Array.from({ length: 25 }, (_, at) => `J-B${at}`);
  const PutRequests = ids.map((orderId, at) => ({ PutRequest: { Item: { orderId, at } } }));
  equal("DynamoDB: a batch of writes leaves nothing undone",
    (await client.send(new document.BatchWriteCommand({ RequestItems: { [TABLE]: PutRequests } }))).UnprocessedItems, {});
  const batch = await client.send(new document.BatchGetCommand({
    RequestItems: { [TABLE]: { Keys: ids.map((orderId) => ({ orderId })), ProjectionExpression: "#at", ExpressionAttributeNames: { "#at": "at" } } },
  }));
  equal("DynamoDB: a batch of reads finds them", batch.Responses[TABLE].map((one) => one.at).sort((a, b) => a - b),
    ids.map((_, at) => at));
  let count = 0;
  const scan = { TableName: TABLE, FilterExpression: "begins_with(orderId, :b)", ExpressionAttributeValues: { ":b": "J-B" } };
  for await (const page of document.paginateScan({ client, pageSize: 7 }, scan)) count += page.Items.length;
  equal("DynamoDB: a scan in pages", count, 25);
  const waited = await dynamodb.waitUntilTableExists({ client: bare, maxWaitTime: 60 }, { TableName: TABLE });
  equal("DynamoDB: a table is waited for", waited.state, "SUCCESS");
  await refuses("DynamoDB: no table", () => bare.send(new dynamodb.DescribeTableCommand({ TableName: "Nowhere" })),
    "ResourceNotFoundException", "Requested resource not found: Table: Nowhere not found", 400);
  await refuses("DynamoDB: an operation that is not run", () => bare.send(new dynamodb.ListBackupsCommand({})),
    "UnknownOperationException", "ListBackups", 400);
}

async function queues() {
  const client = new sqs.SQSClient(once);
  const made = async (QueueName, Attributes) =>
    (await client.send(new sqs.CreateQueueCommand({ QueueName, Attributes }))).QueueUrl;
  const [url, fifo] = [await made("javascript"), await made("javascript.fifo", { FifoQueue: "true" })];
  // The SDK itself holds what it sent and received against the checksums in the answers.
  const attributes = {
    text: { DataType: "String", StringValue: "Größe" }, number: { DataType: "Number.int", StringValue: "7" },
    bytes: { DataType: "Binary", BinaryValue: new Uint8Array([0, 1, 255]) },
  };
  await client.send(new sqs.SendMessageCommand({ QueueUrl: url, MessageBody: "Größe 🚀", MessageAttributes: attributes }));
  const receive = { QueueUrl: url, MessageAttributeNames: ["All"], MessageSystemAttributeNames: ["All"], WaitTimeSeconds: 5 };
  const [message] = (await client.send(new sqs.ReceiveMessageCommand(receive))).Messages ?? [];
  equal("SQS: a message and its attributes, checksums and all", [message?.Body, message?.MessageAttributes?.bytes?.BinaryValue],
    ["Größe 🚀", attributes.bytes.BinaryValue]);
  await client.send(new sqs.DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: message?.ReceiptHandle }));
  const sent = await client.send(new sqs.SendMessageBatchCommand({
    QueueUrl: url, Entries: [{ Id: "good", MessageBody: "x" }, { Id: "bad", MessageBody: "y", DelaySeconds: 901 }],
  }));
  equal("SQS: a batch of which one fails", [sent.Successful?.map((one) => one.Id), sent.Failed?.map((one) => [one.Id, one.Code])],
    [["good"], [["bad", "InvalidParameterValue"]]]);
  const twice = { QueueUrl: fifo, MessageBody: "x", MessageGroupId: "g", MessageDeduplicationId: "d" };
  const [first, second] = [await client.send(new sqs.SendMessageCommand(twice)), await client.send(new sqs.SendMessageCommand(twice))];
  equal("SQS: a message that is sent twice is one", second.SequenceNumber, first.SequenceNumber);
  await refuses("SQS: no queue", () => client.send(new sqs.GetQueueUrlCommand({ QueueName: "nowhere" })),
    "QueueDoesNotExist", "The specified queue does not exist.", 400);
  for (let at = 0; at < 12; at += 1) {
    await client.send(new sqs.SendMessageCommand({ QueueUrl: url, MessageBody: `m${at}` }));
  }
  const seen = await new Promise((resolve) => {
    const bodies = [];
    const handleMessageBatch = async (messages) => {
      bodies.push(...messages.map((one) => one.Body));
      if (bodies.length >= 13) consumer.stop();
      return messages;
    };
    const consumer = Consumer.create({ queueUrl: url, sqs: client, batchSize: 5, waitTimeSeconds: 1, handleMessageBatch });
    const end = setTimeout(() => consumer.stop(), 20_000);
    for (const event of ["error", "processing_error"]) consumer.on(event, (error) => bodies.push(error.message));
    consumer.on("stopped", () => { clearTimeout(end); resolve(bodies.sort()); });
    consumer.start();
  });
  equal("SQS: sqs-consumer is handed each message once", seen,
    ["x", ...Array.from({ length: 12 }, (_, at) => `m${at}`)].sort());
}

async function functions() {
  const client = new lambda.LambdaClient(once);
  const FunctionName = "OrderProcessorLambda";
  const told = await client.send(new lambda.InvokeCommand({ FunctionName, Payload: "[]", LogType: "Tail" }));
  const log = Buffer.from(told.LogResult ?? "", "base64").toString();
  equal("Lambda: an invocation and the end of its log",
    [told.StatusCode, told.ExecutedVersion, told.FunctionError, log.startsWith("START RequestId: ")], [200, "$LATEST", undefined, true]);
  equal("Lambda: a dry run", (await client.send(new lambda.InvokeCommand({ FunctionName, InvocationType: "DryRun" }))).StatusCode, 204);
  const waited = await lambda.waitUntilFunctionActiveV2({ client, maxWaitTime: 30 }, { FunctionName });
  equal("Lambda: a function is waited for", waited.state, "SUCCESS");
  await refuses("Lambda: no function", () => client.send(new lambda.InvokeCommand({ FunctionName: "nowhere" })),
    "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:000000000000:function:nowhere", 404);
  await refuses("Lambda: a payload that is no JSON", () => client.send(new lambda.InvokeCommand({ FunctionName, Payload: "{" })),
    "InvalidRequestContentException", "Could not parse request body into json", 400);
}

async function events() {
  const client = new eventbridge.EventBridgeClient(once);
  const entry = { Source: "javascript", DetailType: "test", Detail: "{}", Time: new Date() };
  const told = await client.send(new eventbridge.PutEventsCommand({
    Entries: [entry, { ...entry, Detail: "[]" }, { ...entry, Source: undefined }],
  }));
  equal("EventBridge: entries that fail are told one by one",
    [told.FailedEntryCount, told.Entries.map((one) => one.ErrorCode), Boolean(told.Entries[0].EventId)],
    [2, [undefined, "MalformedDetail", "InvalidArgument"], true]);
  const pipe = await new pipes.PipesClient(once).send(new pipes.DescribePipeCommand({ Name: "premium-standard-orders" }));
  equal("Pipes: a pipe, and when it was made", [pipe.CurrentState, pipe.CreationTime instanceof Date], ["RUNNING", true]);
  await refuses("Pipes: no pipe", () => new pipes.PipesClient(once).send(new pipes.DescribePipeCommand({ Name: "nowhere" })),
    "NotFoundException", "nowhere", 404);
}

async function insight() {
  const client = new cloudwatch.CloudWatchClient(once);
  const Dimensions = [{ Name: "Client", Value: `${Date.now()}` }];
  const MetricData = Array.from({ length: 400 }, (_, at) => ({ MetricName: "Sent", Dimensions, Value: at, Timestamp: new Date() }));
  await client.send(new cloudwatch.PutMetricDataCommand({ Namespace: "JavaScript", MetricData }));
  const Metric = { Namespace: "JavaScript", MetricName: "Sent", Dimensions };
  const told = await client.send(new cloudwatch.GetMetricDataCommand({
    StartTime: new Date(Date.now() - 3_600_000), EndTime: new Date(Date.now() + 120_000),
    MetricDataQueries: [
      { Id: "sent", MetricStat: { Metric, Period: 3600, Stat: "Sum" }, ReturnData: false },
      { Id: "twice", Expression: "sent * 2" },
    ],
  }));
  const sum = told.MetricDataResults.flatMap((one) => one.Values).reduce((a, b) => a + b, 0);
  equal("CloudWatch: 400 values, compressed, and twice their sum", [told.MetricDataResults.map((one) => one.Id), sum], [["twice"], 159_600]);
  await client.send(new cloudwatch.PutMetricAlarmCommand({
    AlarmName: "javascript", Namespace: "JavaScript", MetricName: "Sent", Statistic: "Sum", Period: 60, EvaluationPeriods: 1,
    Threshold: 1e9, ComparisonOperator: "GreaterThanThreshold", TreatMissingData: "notBreaching",
  }));
  const { MetricAlarms } = await client.send(new cloudwatch.DescribeAlarmsCommand({ AlarmNames: ["javascript"] }));
  equal("CloudWatch: an alarm", MetricAlarms.map((one) => [one.AlarmName, one.Threshold, one.AlarmConfigurationUpdatedTimestamp instanceof Date]),
    [["javascript", 1e9, true]]);
  await client.send(new cloudwatch.DeleteAlarmsCommand({ AlarmNames: ["javascript"] }));
  await refuses("CloudWatch: no alarm", () => client.send(new cloudwatch.SetAlarmStateCommand({ AlarmName: "nowhere", StateValue: "OK", StateReason: "x" })),
    "ResourceNotFound", "", 404);
  const lines = new logs.CloudWatchLogsClient(once);
  let found = 0;
  for await (const page of logs.paginateFilterLogEvents({ client: lines, pageSize: 3 }, { logGroupName: "/aws/lambda/OrderProcessorLambda" })) {
    found += page.events.length;
  }
  equal("Logs: what a function printed, page by page", found > 0, true);
  await refuses("Logs: no group", () => lines.send(new logs.FilterLogEventsCommand({ logGroupName: "nowhere" })),
    "ResourceNotFoundException", "The specified log group does not exist.", 400);
  equal("STS: who asks", (await new sts.STSClient(once).send(new sts.GetCallerIdentityCommand({}))).Account, "000000000000");
}

(async () => {
  for (const part of [tables, queues, functions, events, insight]) await part();
})().catch((error) => {
  console.log(`FAILED javascript: ${error.stack}`);
  process.exitCode = 1;
});
