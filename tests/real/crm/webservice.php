<?php
// The classic API: GET getchallenge answers JSON without any CORS field; without an operation it dies of an
// uncaught exception, which is what every preflight meets here.

class WebServiceException extends Exception
{
}

$operation = $_REQUEST['operation'] ?? null;
if ($operation === null) {
    throw new WebServiceException('Unknown operation requested');
}
header('Content-type: application/json');
if ($operation === 'getchallenge' && $_SERVER['REQUEST_METHOD'] === 'GET') {
    // The CRM's token is random and its clock moves; here both stand still, so that two answers can be compared.
    $result = ['token' => substr(md5($_GET['username'] ?? ''), 0, 13), 'serverTime' => 1700000000, 'expireTime' => 1700000300];
    echo json_encode(['success' => true, 'result' => $result]);
} else {
    // Errors too are 200 in this protocol.
    $error = ['code' => 'UNKNOWN_OPERATION', 'message' => 'Unknown operation requested'];
    echo json_encode(['success' => false, 'error' => $error]);
}
