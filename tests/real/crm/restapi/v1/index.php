<?php
// The REST API: the forbidden pair on every answer, an HTTP/1.0 status line, real status codes, and 401 without a challenge.

header('Access-Control-Allow-Headers: Authorization, Content-Type');
header('Access-Control-Allow-Credentials: true');
header('Access-Control-Allow-Methods: POST, OPTIONS');
header('Access-Control-Allow-Origin: *');
header('X-Frame-Options: DENY');
header('X-Content-Type-Options: nosniff');
header("Content-Security-Policy: frame-ancestors 'none'");
if ($_SERVER['REQUEST_METHOD'] === 'OPTIONS') {
    die();
}

function answer(int $status, string $phrase, array $body): never
{
    header("HTTP/1.0 $status $phrase");
    header('Content-Type: application/json; charset=utf-8');
    $json = json_encode($body);
    if ($status === 200) {
        // Sized, as the CRM's lists are; its errors end with the connection.
        header('Content-Length: ' . strlen($json));
    }
    die($json);
}

$route = $_SERVER['PATH_INFO'] ?? '';
if ($_SERVER['REQUEST_METHOD'] !== 'POST' || !str_starts_with($route, '/vtews/')) {
    answer(400, 'Bad Request', ['error' => 'RouteNotFound']);
}
if (!isset($_SERVER['PHP_AUTH_USER'])) {
    answer(401, 'Unauthorized', ['error' => 'no username supplied']);
}
if ($_SERVER['PHP_AUTH_PW'] !== 'accesskey') {
    answer(401, 'Unauthorized', ['error' => 'wrong credentials']);
}
switch (substr($route, strlen('/vtews/'))) {
    case 'query':
        $asked = json_decode(file_get_contents('php://input'), true);
        $records = [];
        for ($id = 1; $id <= 100; $id++) {
            $records[] = ['id' => "4x$id", 'lastname' => "Größe $id", 'email' => "contact$id@customer.example"];
        }
        answer(200, 'OK', ['asked' => $asked, 'result' => $records]);
    case 'upload':
        // What arrived, so that a test can tell a whole body from a cut one.
        $body = file_get_contents('php://input');
        answer(200, 'OK', ['length' => strlen($body), 'sha256' => hash('sha256', $body)]);
    case 'exception':
        answer(500, 'Internal Server Error', ['error' => 'DatabaseException', 'message' => 'MySQL server has gone away']);
    case 'maintenance':
        // In maintenance mode the CRM calls a method that is not there: a page about the error, or an empty 500.
        header_remove();
        undefined_method();
    default:
        answer(400, 'Bad Request', ['error' => 'MethodNotFound']);
}
