# An image that trains, on the CPU; README has the two commands.
FROM python:3.13-slim
WORKDIR /huse_tf
COPY requirements.txt ./
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
RUN pip install --no-cache-dir --no-deps .
RUN useradd --create-home huse
USER huse
WORKDIR /home/huse
# Keras and Matplotlib keep caches there, whoever --user makes of the process.
ENV HOME=/tmp
ENTRYPOINT ["huse"]
CMD ["--help"]
