"""The same as model-call.ts, with libraries of Python."""
import json
import sys

sdk, url, options = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
stream, retries = options.get("stream", False), options.get("retries")
QUESTION = {"messages": [{"role": "user", "content": "where are you?"}], "stream": stream}


def say(**line):
    print(json.dumps(line), flush=True)


def say_events(lines):
    for line in lines:
        if line.startswith(b"data: {"):
            say(event=json.loads(line[6:])["text"])


def call_with_requests():
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    again = Retry(
        total=3 if retries is None else retries,
        status_forcelist=[503],
        allowed_methods=None,
        # Else the answer that says why is lost.
        raise_on_status=False,
    )
    with requests.Session() as session:
        session.mount("https://", HTTPAdapter(max_retries=again))
        answer = session.post(url + "/v1/ask", json=QUESTION, stream=stream)
        if not answer.ok:
            say(error=answer.json()["message"])
        elif stream:
            say_events(answer.iter_lines(chunk_size=1))
        else:
            say(answer=answer.json()["text"])


def upload_a_form():
    """As the SDKs for Python do it: the form is made anew for each try, with another boundary."""
    import requests

    for _ in range(1 if retries == 0 else 30):
        answer = requests.post(url + "/v1/files", files={"file": ("a", b"where are you?")})
        if answer.status_code != 503:
            break
    if answer.ok:
        say(answer=answer.json()["text"])
    else:
        say(error=answer.json()["message"])


def boto3_client(service, **config):
    import boto3
    from botocore.config import Config

    attempts = {} if retries is None else {"total_max_attempts": retries + 1}
    again = {"mode": "standard", **attempts}
    return boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id="AKIALAB",
        aws_secret_access_key="lab",
        config=Config(retries=again, **config),
    )


def call_with_boto3():
    answer = boto3_client("sagemaker-runtime").invoke_endpoint(
        EndpointName="lab", ContentType="application/json", Body=json.dumps(QUESTION)
    )
    if stream:
        say_events(answer["Body"].iter_lines(chunk_size=1))
    else:
        say(answer=json.loads(answer["Body"].read())["text"])


def upload_with_boto3():
    client = boto3_client("s3", s3={"addressing_style": "path"})
    say(answer=client.put_object(Bucket="lab", Key="a", Body=b"where are you?")["ETag"])


SDKS = {
    "requests": call_with_requests,
    "requests-form": upload_a_form,
    "boto3": call_with_boto3,
    "boto3-s3": upload_with_boto3,
}
try:
    SDKS[sdk]()
except Exception as error:
    say(error=f"{type(error).__name__}: {error}")
